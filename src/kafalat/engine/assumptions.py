"""What a simulation takes for granted, said in both languages beside every answer, and the names of its measures."""

from __future__ import annotations

from datetime import date

from kafalat.core.text import Bilingual

# The Urdu labels hold their Latin part together by direction marks, wherever the line breaks.
LABELS: dict[str, Bilingual] = {
    "exclusion_error": Bilingual(
        en="Exclusion error: share of poor households not covered",
        ur="محرومی کی غلطی: غریب گھرانوں میں سے رہ جانے والوں کا حصہ",
    ),
    "inclusion_error": Bilingual(
        en="Inclusion error: share of covered households not poor",
        ur="شمولیت کی غلطی: شامل گھرانوں میں سے ان کا حصہ جو غریب نہیں",
    ),
    "fgt0": Bilingual(
        en="People below the poverty line (FGT 0)", ur="خطِ غربت سے نیچے افراد \u2066(FGT\u00a00)\u2069"
    ),
    "fgt1": Bilingual(en="Poverty gap (FGT 1)", ur="غربت کا فاصلہ \u2066(FGT\u00a01)\u2069"),
    "fgt2": Bilingual(en="Squared poverty gap (FGT 2)", ur="غربت کی شدت \u2066(FGT\u00a02)\u2069"),
}
_ALWAYS = (
    Bilingual(
        en="Families without a payee are counted but not paid: the budget is families with a payee times the amount.",
        ur="جن خاندانوں کا کوئی وصول کنندہ نہیں وہ گنے جاتے ہیں مگر انہیں ادائیگی نہیں ہوتی: بجٹ وصول کنندہ والے خاندانوں اور رقم کا حاصلِ ضرب ہے۔",
    ),
    Bilingual(
        en="Every eligible family is taken to enrol and collect at once; undercoverage by low take-up is not modelled.",
        ur="فرض کیا گیا ہے کہ ہر اہل خاندان فوراً شامل ہو کر رقم وصول کرتا ہے؛ کم شمولیت سے رہ جانے والے شمار میں نہیں۔",
    ),
    Bilingual(
        en="Households stay as they were when surveyed, and nobody changes behaviour or answers because of the change.",
        ur="گھرانے ویسے ہی سمجھے گئے ہیں جیسے سروے کے وقت تھے؛ تبدیلی کی وجہ سے کوئی اپنا رویہ یا جواب نہیں بدلتا۔",
    ),
)
_RELATION = (
    Bilingual(
        en="Who is poor is expected from the score by a survey's relation of score to spending, carried from the survey's "
        "year to the year of the poverty line; spending in the survey counts as before any transfer.",
        ur="غریب ہونے کا اندازہ اسکور سے، سروے میں اسکور اور خرچ کے تعلق کے ذریعے لگایا گیا ہے، جسے سروے کے سال سے خطِ غربت کے سال تک لایا گیا؛ "
        "سروے کا خرچ کسی بھی امداد سے پہلے کا سمجھا گیا ہے۔",
    ),
    Bilingual(
        en="A transfer is added in full to spending, shared equally by all members; prices do not move.",
        ur="امداد پوری کی پوری خرچ میں جمع کی گئی اور تمام افراد میں برابر بانٹی گئی ہے؛ قیمتیں نہیں بدلتیں۔",
    ),
    Bilingual(
        en="Intervals are 95 percent and cover the survey's sample alone, not the years gone by since.",
        ur="وقفے 95 فیصد ہیں اور صرف سروے کے نمونے کی غیر یقینی بتاتے ہیں، اس کے بعد گزرے سالوں کی نہیں۔",
    ),
    Bilingual(
        en="Poverty counts people; errors and fairness count households. Poverty is that of a quarter in which all phases are paid.",
        ur="غربت افراد میں گنی گئی ہے؛ غلطیاں اور انصاف گھرانوں میں۔ غربت اُس سہ ماہی کی ہے جس میں تمام مراحل کو ادائیگی ہو رہی ہو۔",
    ),
)
_NO_RELATION = Bilingual(
    en="There is no survey relation for this scorecard, so poverty, errors and fairness cannot be told.",
    ur="اس اسکور کارڈ کے لیے سروے کا کوئی تعلق دستیاب نہیں، اس لیے غربت، غلطیاں اور انصاف نہیں بتائے جا سکتے۔",
)


def stated(related: bool, *, scored: int, households: int, day: date) -> tuple[Bilingual, ...]:
    """Return the assumptions of one answer. `related`: whether poverty could be told from the score."""
    found = [
        Bilingual(
            en=f"Rules and amounts are those of the programme on {day.isoformat()}, changed as stated.",
            ur=f"اصول اور رقوم {day.isoformat()} کو نافذ پروگرام کے ہیں، سوائے بیان کردہ تبدیلیوں کے۔",
        ),
        *_ALWAYS,
        *(_RELATION if related else (_NO_RELATION,)),
    ]
    if related and scored < households:
        missing = households - scored
        found.append(
            Bilingual(
                en=f"{missing:,} households without a score are left out of poverty, errors and fairness.",
                ur=f"بغیر اسکور کے {missing:,} گھرانے غربت، غلطیوں اور انصاف کے حساب میں شامل نہیں۔",
            )
        )
    return tuple(found)
