"""The Latin characters every bank system accepts, and the way other text is brought into them.

ISO 20022 allows all of Unicode; banks in practice take SWIFT's character set X. Names come from the registry's Latin
column. Should one hold Urdu letters all the same, a rough letter-by-letter rendering keeps it recognisable.
"""

from __future__ import annotations

import unicodedata

_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-?:().,'+ ")
_LETTERS = zip("ابپتٹثجحدڈذرڑزسصضطظعفقکگلمنںوہھیےكيهة", "abpttsjhddzrrzsszttafqkglmnnwhhyekyhh", strict=True)
_PUNCTUATION = zip("۔،؛؟–—‘’“”&_", ".,,?--''''+-", strict=True)
_PAIRS = {"چ": "ch", "خ": "kh", "ش": "sh", "غ": "gh", "ژ": "zh", "ء": ""}
_VOWEL_SIGNS = {"\u064e": "a", "\u0650": "i", "\u064f": "u"}
_RENDERED = dict(_LETTERS) | dict(_PUNCTUATION) | _PAIRS | _VOWEL_SIGNS


def bank_text(text: str, max_length: int) -> str:
    """Return `text` in the safe characters, at most `max_length` long: accents dropped, Urdu letters rendered,
    anything else a full stop, white space single.

    >>> bank_text("Zaïnab  Bibi & Söhne", 70)
    'Zainab Bibi + Sohne'
    """
    rendered = text
    if not _SAFE.issuperset(text):
        rendered = "".join(_rendered(character) for character in unicodedata.normalize("NFKD", text))
    return " ".join(rendered.split())[:max_length].rstrip()


def _rendered(character: str) -> str:
    if character in _SAFE:
        return character
    known = _RENDERED.get(character)
    if known is not None:
        return known
    if character.isspace():
        return " "
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    return "" if unicodedata.category(character) in {"Mn", "Cf"} else "."
