"""A decision as lines of text, in one language."""

from __future__ import annotations

from kafalat.core.identifiers import format_form_number
from kafalat.core.text import Bilingual, Language
from kafalat.engine.explanation import Explanation
from kafalat.interfaces.explaining import change_text, filter_text

_HOUSEHOLD = Bilingual(en="Household {form}: {outcome}", ur="گھرانہ {form}: {outcome}")
_OUTCOMES = {
    "eligible": Bilingual(en="eligible", ur="اہل"),
    "ineligible": Bilingual(en="not eligible", ur="نااہل"),
    "incomplete": Bilingual(en="incomplete", ur="نامکمل"),
}
_BASE = Bilingual(en="starting points", ur="ابتدائی پوائنٹس")
_SUM = Bilingual(en="score (lower is poorer)", ur="غربت اسکور (کم اسکور زیادہ غربت)")
_UNKNOWN = Bilingual(en="not known", ur="معلوم نہیں")
_RULE = Bilingual(
    en="Deciding rule: {category}, cut-off {cutoff}; the score is {distance} {side}.",
    ur="فیصلہ کن اصول: {category}، حدِ اسکور {cutoff}؛ اسکور حد سے {distance} {side} ہے۔",
)
_BELOW = Bilingual(en="below it", ur="نیچے")
_ABOVE = Bilingual(en="above it", ur="اوپر")
_AT = Bilingual(
    en="Deciding rule: {category}, cut-off {cutoff}; the score is exactly on it.",
    ur="فیصلہ کن اصول: {category}، حدِ اسکور {cutoff}؛ اسکور عین حد پر ہے۔",
)
_WHY = Bilingual(en="Why: {reason}", ur="وجہ: {reason}")
_LISTS = Bilingual(en="Lists from outside:", ur="بیرونی فہرستیں:")
_CHANGES = Bilingual(
    en="One answer that would change the result, if it were wrong:",
    ur="وہ ایک جواب جو غلط ہو تو نتیجہ بدل جائے:",
)
_APPEAL = Bilingual(
    en="Appeal: within {days} days of the decision, free of charge, at the tehsil office.",
    ur="اپیل: فیصلے کے {days} دن کے اندر، تحصیل دفتر میں، بلا معاوضہ۔",
)
_MISSING = Bilingual(en="Missing: {facts}", ur="یہ معلومات درکار ہیں: {facts}")


def explanation_lines(explained: Explanation, language: Language) -> list[str]:
    """Return the explanation: outcome, each line of the card, the score, the rule, the reasons, lists, what would change it."""
    lines = [
        _HOUSEHOLD.in_(language).format(
            form=format_form_number(explained.form_number), outcome=_OUTCOMES[explained.outcome].in_(language)
        ),
        "",
        f"  {explained.base_points:>4}  {_BASE.in_(language)}",
    ]
    for term in explained.terms:
        points = "   ?" if term.points is None else f"{term.points:>+4}"
        value = (term.value or _UNKNOWN).in_(language)
        lines.append(f"  {points}  {term.label.in_(language)}: {value}")
    total = "?" if explained.score is None else str(explained.score)
    lines += [f"  {'─' * 4}", f"  {total:>4}  {_SUM.in_(language)}", "", *_rule(explained, language)]
    lines += [_WHY.in_(language).format(reason=reason.text.in_(language)) for reason in explained.reasons]
    if explained.missing:
        separator = "، " if language == "ur" else ", "
        lines.append(
            _MISSING.in_(language).format(
                facts=separator.join(m.text.in_(language) for m in explained.missing)
            )
        )
    if explained.filters:
        lines += ["", _LISTS.in_(language)]
        lines += [f"  - {filter_text(found).in_(language)}" for found in explained.filters]
    if explained.changes:
        lines += ["", _CHANGES.in_(language)]
        lines += [f"  - {change_text(change).in_(language)}" for change in explained.changes]
    if explained.outcome == "ineligible" or explained.filters:
        lines += ["", _APPEAL.in_(language).format(days=explained.appeal_days)]
    return lines


def _rule(explained: Explanation, language: Language) -> list[str]:
    if explained.category_label is None or explained.distance is None:
        return []
    category = explained.category_label.in_(language)
    if explained.distance == 0:
        return [_AT.in_(language).format(category=category, cutoff=explained.cutoff)]
    side = _BELOW if explained.distance < 0 else _ABOVE
    return [
        _RULE.in_(language).format(
            category=category,
            cutoff=explained.cutoff,
            distance=abs(explained.distance),
            side=side.in_(language),
        )
    ]
