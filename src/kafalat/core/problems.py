"""The error catalogue: every error a user can meet, one clear sentence in English and Urdu.

Each entry says what is wrong, where, and what to do; the comment above it gives the shape of its details.
Raise with `raise problem("survey.table_missing", table="housing", folder="...")`. The command line prints both
languages and exits with `exit_code`; the console answers with `http_status`. A problem always means that
nothing was changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from string import Formatter

from kafalat.core.text import LANGUAGES, Language


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind of error: its sentences with `{field}` places, and how each interface reports it."""

    en: str
    ur: str
    http_status: int = 400
    exit_code: int = 2

    def fields(self) -> frozenset[str]:
        """Return the names of the details both sentences use."""
        texts = (self.en, self.ur)
        return frozenset(name for text in texts for _, name, _, _ in Formatter().parse(text) if name)


class Problem(Exception):
    """A refusal from the catalogue. `code` names the entry, `details` fills its sentences."""

    def __init__(self, code: str, details: dict[str, object]) -> None:
        self.code = code
        self.entry = CATALOGUE[code]
        self.details = details
        missing = self.entry.fields() - details.keys()
        if missing:
            msg = f"problem {code} lacks details: {sorted(missing)}"
            raise KeyError(msg)
        super().__init__(self.text("en"))

    def text(self, language: Language) -> str:
        """Return the whole sentence in `language`."""
        template = self.entry.ur if language == "ur" else self.entry.en
        return template.format(**self.details)

    def both(self) -> str:
        """Return the sentence in English and in Urdu, a line each."""
        return "\n".join(self.text(language) for language in LANGUAGES)


def problem(code: str, **details: object) -> Problem:
    """Return the problem `code` with its details, ready to raise. Raises KeyError for an unknown code or a missing detail."""
    return Problem(code, details)


CATALOGUE: dict[str, Entry] = {
    # ---- input files in general --------------------------------------------------------------------------
    # { path: "the file or folder that was asked for" }
    "input.not_found": Entry(
        en="{path} does not exist; check the path and try again.",
        ur="{path} موجود نہیں؛ راستہ دیکھ کر دوبارہ کوشش کریں۔",
    ),
    # ---- survey ------------------------------------------------------------------------------------------
    # ---- programme ---------------------------------------------------------------------------------------
    # { folder: "the programme folder", first_en, first_ur: "the first finding: file, line, what is wrong, nearest valid name",
    #   more_en, more_ur: "how many findings follow it, or nothing" }
    "programme.invalid": Entry(
        en="The programme folder {folder} has an error and was not used. {first_en}{more_en} "
        "Correct it, and list everything that is wrong with: kafalat programme check {folder}",
        ur="پروگرام فولڈر {folder} میں غلطی ہے، اس لیے استعمال نہیں ہوا۔ {first_ur}{more_ur} "
        "درستی کریں؛ تمام غلطیوں کی فہرست کے لیے چلائیں: kafalat programme check {folder}",
    ),
    # { expression: "the rule as written", fault_en, fault_ur: "what the rule language refuses in it" }
    "programme.expression": Entry(
        en='The rule "{expression}" cannot be used. {fault_en} Correct it in the programme folder.',
        ur="شرط «{expression}» استعمال نہیں ہو سکتی۔ {fault_ur} پروگرام فولڈر میں اسے درست کریں۔",
    ),
    # ---- bank files --------------------------------------------------------------------------------------
    # ---- registry ----------------------------------------------------------------------------------------
    # ---- targeting ---------------------------------------------------------------------------------------
    # ---- enrolment and payments --------------------------------------------------------------------------
    # ---- installation ------------------------------------------------------------------------------------
    # { reason: "what the server or its client said" }
    "installation.database": Entry(
        en="The database cannot be reached ({reason}); check the server or KAFALAT_DATABASE_URL and try again.",
        ur="ڈیٹا بیس تک رسائی نہیں ہو سکی ({reason})؛ سرور یا KAFALAT_DATABASE_URL دیکھ کر دوبارہ کوشش کریں۔",
        http_status=503,
    ),
    # {}
    "installation.owner_url_missing": Entry(
        en="KAFALAT_DATABASE_URL is set but KAFALAT_OWNER_DATABASE_URL is not; name the owner role's connection too.",
        ur="KAFALAT_DATABASE_URL دیا گیا ہے مگر KAFALAT_OWNER_DATABASE_URL نہیں؛ مالک کردار کا کنکشن بھی بتائیں۔",
    ),
    # { purpose: "what the sealed value is, as in person.cnic" }
    "sealing.unreadable": Entry(
        en="A sealed value ({purpose}) does not open: either the key in the home folder is not the one it was sealed with, "
        "or the value was altered. Put the right key back from the key holder's copy; if the key is right, tell the auditor.",
        ur="ایک مہر بند اندراج ({purpose}) نہیں کھلتا: یا تو ہوم فولڈر کی کلید وہ نہیں جس سے مہر لگی تھی، یا اندراج بدل دیا گیا ہے۔ "
        "کلید بردار کی نقل سے درست کلید واپس رکھیں؛ کلید درست ہو تو آڈیٹر کو اطلاع دیں۔",
        http_status=500,
    ),
}
