"""Checks the texts of a programme: complete, in both languages, with the same placeholders in each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import Formatter
from typing import TypeVar

from pydantic import BaseModel

from kafalat.policy.documents import Mapping, texts_at, walk
from kafalat.policy.findings import Fault, Finding, nearest
from kafalat.policy.parts import Part
from kafalat.policy.sheaf import Sheaf
from kafalat.policy.vocabulary import MESSAGES, REASON_WITHIN, REASONS, WAITING_LIST

M = TypeVar("M", bound=BaseModel)
_URDU_LETTER = re.compile(r"[\u0600-\u06FF]")
# Arabic letters that look like Urdu ones and are not found by an Urdu search: yeh, kaf, heh (Arabic) and teh marbuta.
_ARABIC_LETTERS = {"\u064a": "ی", "\u0643": "ک", "\u0647": "ہ", "\u0629": "ۃ", "\u0649": "ی"}


def wording(sheaf: Sheaf) -> Iterator[Finding]:
    """Yield the findings of all texts of the programme."""
    for part in (
        sheaf.header,
        sheaf.facts,
        sheaf.scorecard,
        sheaf.eligibility,
        sheaf.amounts,
        sheaf.calendar,
        sheaf.approvals,
        sheaf.banks,
        sheaf.selection,
        sheaf.validation,
        sheaf.messages,
        sheaf.filters,
        sheaf.accounts,
    ):
        yield from _both_languages(part.file, part.tree)
    yield from _place_names(sheaf)
    yield from _messages(sheaf)
    yield from _reasons(sheaf)


def urdu_fault(owner: str, text: str) -> Fault | None:
    """Return what keeps `text` from being Urdu, or None."""
    if not text.strip():
        return Fault(f"The Urdu text of '{owner}' is empty.", f"«{owner}» کی اردو تحریر خالی ہے۔")
    if not _URDU_LETTER.search(text):
        return Fault(
            f"The Urdu text of '{owner}' is not in Urdu script.",
            f"«{owner}» کی اردو تحریر اردو رسم الخط میں نہیں۔",
        )
    for arabic, urdu in _ARABIC_LETTERS.items():
        if arabic in text:
            return Fault(
                f"The Urdu text of '{owner}' has the Arabic letter U+{ord(arabic):04X}; Urdu writes {urdu} (U+{ord(urdu):04X}).",
                f"«{owner}» کی اردو تحریر میں عربی حرف U+{ord(arabic):04X} ہے؛ اردو میں {urdu} (U+{ord(urdu):04X}) لکھا جاتا ہے۔",
            )
    return None


def _both_languages(file: str, tree: Mapping) -> Iterator[Finding]:
    for location, mapping in walk(tree):
        if set(mapping) != {"en", "ur"}:
            continue
        en, ur = mapping["en"], mapping["ur"]
        owner = str(location[-1]) if location else file
        if isinstance(en, str) and not en.strip():
            yield Finding(
                file,
                mapping.lines["en"],
                f"The English text of '{owner}' is empty.",
                f"«{owner}» کی انگریزی تحریر خالی ہے۔",
            )
        # A text that stood in for a missing one is the same in both; the missing one is already reported.
        if isinstance(ur, str) and (ur != en or mapping.lines["ur"] != mapping.line):
            fault = urdu_fault(owner, ur)
            if fault is not None:
                yield Finding(file, mapping.lines["ur"], fault.en, fault.ur)


def _place_names(sheaf: Sheaf) -> Iterator[Finding]:
    for pcode, place in sheaf.places.by_pcode.items():
        fault = urdu_fault(pcode, place.name.ur)
        if fault is not None:
            yield Finding("places.csv", sheaf.places.lines[pcode], fault.en, fault.ur)


def placeholders(text: str) -> frozenset[str] | None:
    """Return the names in braces, or None where the braces cannot be read or ask for more than a plain value."""
    try:
        fields = [
            (name, spec, conversion)
            for _, name, spec, conversion in Formatter().parse(text)
            if name is not None
        ]
    except ValueError:
        return None
    if any(not name.isidentifier() or spec or conversion for name, spec, conversion in fields):
        return None
    return frozenset(name for name, _, _ in fields)


def _messages(sheaf: Sheaf) -> Iterator[Finding]:
    part = sheaf.messages
    if part.value is None:
        return
    given = part.value.messages
    yield from _complete(part, "messages", frozenset(given), frozenset(MESSAGES), frozenset())
    for name, text in given.items():
        found = {"en": placeholders(text.en), "ur": placeholders(text.ur)}
        for language, names in found.items():
            if names is None:
                fault = Fault(
                    "The braces cannot be read; write a placeholder as {amount}.",
                    "قوسین {} درست نہیں؛ جگہ یوں لکھیں: {amount}۔",
                )
                yield part.finding(("messages", name, language), fault)
            for unknown in sorted((names or frozenset()) - MESSAGES.get(name, names or frozenset())):
                valid = MESSAGES[name]
                listed = ", ".join(f"{{{each}}}" for each in sorted(valid)) or "none"
                fault = Fault(
                    f"'{{{unknown}}}' is no placeholder of '{name}'; it has: {listed}.",
                    f"«{{{unknown}}}» «{name}» میں استعمال نہیں ہوتا؛ یہ ہو سکتے ہیں: {listed}۔",
                    nearest(unknown, valid),
                )
                yield part.finding(("messages", name, language), fault)
        if None not in found.values() and found["en"] != found["ur"]:
            only = ", ".join(
                f"{{{each}}}" for each in sorted((found["en"] or frozenset()) ^ (found["ur"] or frozenset()))
            )
            fault = Fault(
                f"'{name}' has {only} in one language only.", f"«{name}» میں {only} صرف ایک زبان میں ہے۔"
            )
            yield part.finding(("messages", name, "ur"), fault)


def _reasons(sheaf: Sheaf) -> Iterator[Finding]:
    part = sheaf.eligibility
    if part.value is None:
        return
    # Codes as written: an entry set aside for another mistake still needs its reason.
    within = {f"{REASON_WITHIN}{code}" for code in texts_at(part.written, "categories", "code")}
    required = REASONS | within | texts_at(part.written, "exclusions", "code")
    allowed_more = texts_at(part.written, "no_payee", "code") | {WAITING_LIST}
    if sheaf.selection.value is not None and sheaf.selection.value.by != "cutoff":
        required |= {WAITING_LIST}
    yield from _complete(part, "reasons", frozenset(part.value.reasons), required, allowed_more)
    for name, text in part.value.reasons.items():
        for language, words in (("en", text.en), ("ur", text.ur)):
            if "{" in words or "}" in words:
                fault = Fault(
                    "A reason has no placeholders; it is shown as it stands.",
                    "وجہ میں {} نہیں ہوتا؛ یہ جوں کی توں دکھائی جاتی ہے۔",
                )
                yield part.finding(("reasons", name, language), fault)


def _complete(
    part: Part[M], key: str, given: frozenset[str], required: frozenset[str], allowed_more: frozenset[str]
) -> Iterator[Finding]:
    """Yield a finding for each required name that is missing and each name nobody uses."""
    unknown = sorted(given - required - allowed_more)
    missing = sorted(required - given) if part.whole else []
    hints = {name: nearest(name, required - given) for name in unknown}
    for name in unknown:
        fault = Fault(
            f"'{name}' in '{key}' is used by nothing.",
            f"«{key}» میں «{name}» کہیں استعمال نہیں ہوتا۔",
            hints[name],
        )
        yield part.finding((key, name), fault)
    for name in missing:
        if name not in hints.values():
            fault = Fault(f"'{key}' has no text for '{name}'.", f"«{key}» میں «{name}» کی تحریر موجود نہیں۔")
            yield part.finding((key,), fault)
