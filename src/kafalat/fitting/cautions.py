"""What a reader of an evaluation must know, in plain words, gravest first."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kafalat.core.text import Bilingual
from kafalat.fitting.evaluation import Evaluation, group_selection
from kafalat.fitting.sample import Objects

WEAK_R_SQUARED, HALF = 0.3, 0.5
GROUP_HOUSEHOLDS_MIN = 30
UNITS_MIN = 30

_SEEN = Bilingual(
    en="The card was fitted on these very households, so its figures here flatter it. What it does to households it has "
    "not seen is what its file states (below), and what another part of the survey shows.",
    ur="یہ کارڈ انہی گھرانوں پر بنایا گیا تھا، اس لیے یہاں کے اعداد اسے بہتر دکھاتے ہیں۔ اَن دیکھے گھرانوں پر اس کی کارکردگی وہ ہے جو "
    "اس کی فائل میں درج ہے (نیچے)۔",
)
_UNKNOWN_FIT = Bilingual(
    en="The card's file does not say on which survey it was fitted; if on this one, the figures flatter it.",
    ur="کارڈ کی فائل یہ نہیں بتاتی کہ وہ کس سروے پر بنا؛ اگر اسی پر بنا ہے تو یہ اعداد اسے بہتر دکھاتے ہیں۔",
)
_UNWEIGHTED = Bilingual(
    en="The survey has no sampling weights: the figures are of its sample, not of the country.",
    ur="سروے میں نمونے کے اوزان نہیں: یہ اعداد نمونے کے ہیں، پورے ملک کے نہیں۔",
)


def cautions(found: Evaluation) -> tuple[Bilingual, ...]:
    """Return every caution that applies."""
    parts = (_strength(found), _survey(found), _left_out(found), _not_known(found), _groups(found))
    own = () if found.scorecard.warning is None else (found.scorecard.warning,)
    return (*(caution for part in parts for caution in part), *own)


def _strength(found: Evaluation) -> Iterator[Bilingual]:
    r_squared = found.card.overall["r_squared"].value
    if not r_squared >= WEAK_R_SQUARED:  # nan is weak, too
        yield Bilingual(
            en=f"Weak: the score explains only {r_squared:.0%} of the differences in spending (R² {r_squared:.2f}, below "
            f"{WEAK_R_SQUARED}). Do not decide anybody's support by it.",
            ur=f"کمزور: اسکور خرچ کے فرق کا صرف {r_squared:.0%} بتاتا ہے (R² {r_squared:.2f})۔ اس سے کسی کی امداد کا فیصلہ نہ کریں۔",
        )
    elif r_squared < HALF:
        yield Bilingual(
            en=f"The score explains less than half of the differences in spending ({r_squared:.0%}): expect many errors, and many appeals.",
            ur=f"اسکور خرچ کے فرق کا آدھے سے کم ({r_squared:.0%}) بتاتا ہے: بہت سی غلطیوں اور اپیلوں کی توقع رکھیں۔",
        )
    if found.seen is not False:
        yield _SEEN if found.seen else _UNKNOWN_FIT


def _survey(found: Evaluation) -> Iterator[Bilingual]:
    if not found.sample.weighted:
        yield _UNWEIGHTED
    if found.units < UNITS_MIN:
        yield Bilingual(
            en=f"Only {found.units} sampling units: the intervals are themselves unsure.",
            ur=f"صرف {found.units} نمونہ اکائیاں ہیں: وقفے خود بھی غیر یقینی ہیں۔",
        )


def _left_out(found: Evaluation) -> Iterator[Bilingual]:
    if found.without_score:
        yield Bilingual(
            en=f"{found.without_score:,} households have no score because an answer is missing; they are left out.",
            ur=f"{found.without_score:,} گھرانوں کا کوئی جواب موجود نہ ہونے سے اسکور نہیں؛ وہ شامل نہیں۔",
        )
    if found.without_welfare:
        yield Bilingual(
            en=f"{found.without_welfare:,} households have no known spending; they are left out.",
            ur=f"{found.without_welfare:,} گھرانوں کا خرچ معلوم نہیں؛ وہ شامل نہیں۔",
        )


def _not_known(found: Evaluation) -> Iterator[Bilingual]:
    for rival in found.baseline_scores:
        if rival.code not in found.baselines:
            yield Bilingual(
                en=f"This survey lacks what it takes to compare with: {rival.label.en}.",
                ur=f"اس سروے میں اس سے موازنے کے لیے درکار معلومات نہیں: {rival.label.ur}۔",
            )
    for label in found.not_asked:
        yield Bilingual(
            en=f"Not asked in this survey, so nothing can be said about it: {label.en}.",
            ur=f"اس سروے میں نہیں پوچھا گیا، اس لیے کچھ نہیں کہا جا سکتا: {label.ur}۔",
        )


def _groups(found: Evaluation) -> Iterator[Bilingual]:
    small = [
        group.labels.get(code, Bilingual(en=code, ur=code))
        for group in found.groups
        for code, count in zip(*np.unique(_known(group.codes), return_counts=True), strict=True)
        if count < GROUP_HOUSEHOLDS_MIN
    ]
    if small:
        yield Bilingual(
            en=f"Fewer than {GROUP_HOUSEHOLDS_MIN} households, hardly a figure: {', '.join(each.en for each in small)}.",
            ur=f"{GROUP_HOUSEHOLDS_MIN} سے کم گھرانے، عدد قابلِ اعتبار نہیں: {'، '.join(each.ur for each in small)}۔",
        )
    yield from _worse(found)


def _worse(found: Evaluation) -> Iterator[Bilingual]:
    """Name the groups whose poor are missed clearly more often than the poor at large: their interval lies above the figure."""
    measure = f"{group_selection(found.settings)}.exclusion"
    overall = found.card.overall[measure].value
    worse = [
        (figures[measure].value, group, code)
        for group in found.groups
        for code, figures in found.card.groups.get(group.name, {}).items()
        if figures[measure].low > overall
    ]
    if not worse:
        return
    worse.sort(key=lambda each: -each[0])
    en = "; ".join(f"{group.label.en}: {group.labels[code].en} ({value:.0%})" for value, group, code in worse)
    ur = "؛ ".join(f"{group.label.ur}: {group.labels[code].ur} ({value:.0%})" for value, group, code in worse)
    yield Bilingual(
        en=f"Of the poor the card misses {overall:.0%} at this coverage, but clearly more in these groups: {en}.",
        ur=f"اس حد پر کارڈ غریبوں کے {overall:.0%} کو چھوڑ دیتا ہے، مگر ان گروہوں میں واضح طور پر زیادہ: {ur}۔",
    )


def _known(codes: Objects) -> Objects:
    return np.array([code for code in codes if code is not None], dtype=str).astype(object)
