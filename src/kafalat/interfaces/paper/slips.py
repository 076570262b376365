"""Slips: what a family is told about its household, as data of the template `slip.typ`. Names stand on it, no CNIC."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

from kafalat.core.identifiers import format_form_number
from kafalat.core.text import Bilingual
from kafalat.engine.explanation import Explanation, TermLine
from kafalat.interfaces.explaining import Told, day_text, largest
from kafalat.interfaces.paper import JSON
from kafalat.policy.model import Programme

SlipLanguage = Literal["ur", "en", "both"]
SLIP_LANGUAGES: tuple[SlipLanguage, ...] = get_args(SlipLanguage)
LINES_SHOWN = 8

TITLE = Bilingual(en="Your household's result", ur="آپ کے گھرانے کا نتیجہ")
_WORDS = {
    "form": Bilingual(en="Form number", ur="فارم نمبر"),
    "base": Bilingual(en="Every household starts with", ur="ہر گھرانے کے ابتدائی پوائنٹ"),
    "score": Bilingual(en="Score (lower is poorer)", ur="اسکور (کم اسکور زیادہ غربت)"),
    "more": Bilingual(en="and more; ask at the office", ur="اور بھی ہیں؛ دفتر سے پوچھیں"),
    "synthetic": Bilingual(en="Generated identity: belongs to nobody", ur="فرضی شناخت: کسی کی نہیں"),
}
_UNKNOWN = Bilingual(en="not known", ur="معلوم نہیں")
_REST = Bilingual(en="The other {number} answers together", ur="باقی {number} جواب مل کر")
_DATED = Bilingual(
    en="Interview of {interviewed}. Decided on {decided} (run {run}).",
    ur="انٹرویو {interviewed}۔ فیصلہ {decided} (دور {run})۔",
)


@dataclass(frozen=True, slots=True)
class Slip:
    """One household's slip. `name_en` and `name_ur` are the head's as written, `place` where the household lives."""

    explained: Explanation
    told: Told
    name_en: str
    name_ur: str
    place: Bilingual
    interviewed_on: date
    synthetic: bool


def slips_data(
    slips: Iterable[Slip],
    *,
    programme: Programme,
    run: int,
    digest: str,
    decided_on: date,
    language: SlipLanguage,
) -> dict[str, JSON]:
    """Return what `render("slip", ...)` takes: one page per slip, in the order given."""
    return {
        "lang": language,
        "programme": _said(programme.label),
        "title": _said(TITLE),
        "digest": digest,
        "words": {name: _said(text) for name, text in _WORDS.items()},
        "free": _said(programme.messages["slip_free"]),
        "slips": [_slip(slip, run, decided_on) for slip in slips],
    }


def _slip(slip: Slip, run: int, decided_on: date) -> dict[str, JSON]:
    told, explained = slip.told, slip.explained
    rows, others, others_points = largest(explained.terms, LINES_SHOWN)
    scale = told.scale
    return {
        "form": format_form_number(explained.form_number),
        "name": {"en": slip.name_en, "ur": slip.name_ur},
        "place": _said(slip.place),
        "tone": told.tone,
        "headline": _said(told.headline),
        "sentences": _all(told.sentences),
        "missing": _all(told.missing),
        "filters": _all(told.filters),
        "scale": {
            "minimum": scale.minimum,
            "maximum": scale.maximum,
            "score": scale.score,
            "score_pct": None if scale.score is None else float(scale.share_pct(scale.score)),
            "cutoff": None if scale.cutoff is None else f"{scale.cutoff:g}",
            "cutoff_pct": None if scale.cutoff is None else float(scale.share_pct(scale.cutoff)),
        },
        "distance": None if told.distance is None else _said(told.distance),
        "base_points": explained.base_points,
        "rows": [_row(term) for term in rows],
        "rest": {"count": others, "points": others_points, "label": _counted(_REST, others)},
        "score_row": explained.score,
        "changes": _all(told.changes),
        "appeal": None if told.appeal is None else _said(told.appeal),
        "dated": _dated(slip.interviewed_on, decided_on, run),
        "synthetic": slip.synthetic,
    }


def _row(term: TermLine) -> dict[str, JSON]:
    return {"label": _said(term.label), "value": _said(term.value or _UNKNOWN), "points": term.points}


def _dated(interviewed_on: date, decided_on: date, run: int) -> dict[str, JSON]:
    return {
        "en": _DATED.en.format(
            interviewed=day_text(interviewed_on, "en"), decided=day_text(decided_on, "en"), run=run
        ),
        "ur": _DATED.ur.format(
            interviewed=day_text(interviewed_on, "ur"), decided=day_text(decided_on, "ur"), run=run
        ),
    }


def _counted(text: Bilingual, number: int) -> dict[str, JSON]:
    return {"en": text.en.format(number=number), "ur": text.ur.format(number=number)}


def _said(text: Bilingual) -> dict[str, JSON]:
    return {"en": text.en, "ur": text.ur}


def _all(texts: Sequence[Bilingual]) -> list[JSON]:
    return [_said(text) for text in texts]
