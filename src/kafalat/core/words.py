"""Whole numbers in words, as receipts say an amount beside its digits: a digit is added more easily than a word."""

from __future__ import annotations

from kafalat.core.text import Bilingual

_EN = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_EN_TENS = ["-", "-", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
# Urdu has a word of its own for every number below a hundred.
_UR = [
    "صفر",
    "ایک",
    "دو",
    "تین",
    "چار",
    "پانچ",
    "چھ",
    "سات",
    "آٹھ",
    "نو",
    "دس",
    "گیارہ",
    "بارہ",
    "تیرہ",
    "چودہ",
    "پندرہ",
    "سولہ",
    "سترہ",
    "اٹھارہ",
    "انیس",
    "بیس",
    "اکیس",
    "بائیس",
    "تئیس",
    "چوبیس",
    "پچیس",
    "چھبیس",
    "ستائیس",
    "اٹھائیس",
    "انتیس",
    "تیس",
    "اکتیس",
    "بتیس",
    "تینتیس",
    "چونتیس",
    "پینتیس",
    "چھتیس",
    "سینتیس",
    "اڑتیس",
    "انتالیس",
    "چالیس",
    "اکتالیس",
    "بیالیس",
    "تینتالیس",
    "چوالیس",
    "پینتالیس",
    "چھیالیس",
    "سینتالیس",
    "اڑتالیس",
    "انچاس",
    "پچاس",
    "اکیاون",
    "باون",
    "ترپن",
    "چون",
    "پچپن",
    "چھپن",
    "ستاون",
    "اٹھاون",
    "انسٹھ",
    "ساٹھ",
    "اکسٹھ",
    "باسٹھ",
    "تریسٹھ",
    "چونسٹھ",
    "پینسٹھ",
    "چھیاسٹھ",
    "سڑسٹھ",
    "اڑسٹھ",
    "انہتر",
    "ستر",
    "اکہتر",
    "بہتر",
    "تہتر",
    "چوہتر",
    "پچہتر",
    "چھہتر",
    "ستتر",
    "اٹھہتر",
    "اناسی",
    "اسی",
    "اکیاسی",
    "بیاسی",
    "تراسی",
    "چوراسی",
    "پچاسی",
    "چھیاسی",
    "ستاسی",
    "اٹھاسی",
    "نواسی",
    "نوے",
    "اکانوے",
    "بانوے",
    "ترانوے",
    "چورانوے",
    "پچانوے",
    "چھیانوے",
    "ستانوے",
    "اٹھانوے",
    "ننانوے",
]
# South Asia counts in thousands, lakhs (100,000) and crores (10,000,000).
_SCALES = (
    (10_000_000, "crore", "کروڑ"),
    (100_000, "lakh", "لاکھ"),
    (1_000, "thousand", "ہزار"),
    (100, "hundred", "سو"),
)
NUMBER_MAX = 9_999_999_999


def in_words(number: int) -> Bilingual:
    """Return a number from 0 to NUMBER_MAX in words. Raises ValueError for another.

    >>> in_words(14_500).en
    'fourteen thousand five hundred'
    >>> in_words(135_042).en
    'one lakh thirty-five thousand forty-two'
    """
    if not 0 <= number <= NUMBER_MAX:
        msg = f"no words for {number}"
        raise ValueError(msg)
    english, urdu, rest = list[str](), list[str](), number
    for size, name_en, name_ur in _SCALES:
        count, rest = divmod(rest, size)
        if count:
            inner = in_words(count)
            english += [inner.en, name_en]
            urdu += [inner.ur, name_ur]
    if rest or not english:
        english.append(
            _EN[rest] if rest < 20 else _EN_TENS[rest // 10] + (f"-{_EN[rest % 10]}" if rest % 10 else "")
        )
        urdu.append(_UR[rest])
    return Bilingual(en=" ".join(english), ur=" ".join(urdu))
