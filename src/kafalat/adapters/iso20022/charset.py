"""The Latin characters bank systems accept, and the way other text is brought into them.

ISO 20022 allows all of Unicode; banks in practice take SWIFT's character set X, some of them ISO 8859-1 too. Names come from the registry's Latin
column. Should one hold Urdu letters all the same, a rough letter-by-letter rendering keeps it recognisable.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from kafalat.core.bank_formats import Charset

_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-?:().,'+ ")
_LATIN = frozenset(map(chr, (*range(0x20, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100))))
CHARSETS: Final[dict[Charset, frozenset[str]]] = {"swift_x": _SAFE, "latin": _LATIN}
_LETTERS = zip("ابپتٹثجحدڈذرڑزسصضطظعفقکگلمنںوہھیےكيهة", "abpttsjhddzrrzsszttafqkglmnnwhhyekyhh", strict=True)
_PUNCTUATION = zip("۔،؛؟–—‘’“”&_", ".,,?--''''+-", strict=True)
_PAIRS = {"چ": "ch", "خ": "kh", "ش": "sh", "غ": "gh", "ژ": "zh", "ء": ""}
_VOWEL_SIGNS = {"\u064e": "a", "\u0650": "i", "\u064f": "u"}
_RENDERED = dict(_LETTERS) | dict(_PUNCTUATION) | _PAIRS | _VOWEL_SIGNS


def bank_text(text: str, max_length: int, charset: Charset = "swift_x") -> str:
    """Return `text` in the characters of `charset`, at most `max_length` long: accents dropped where it has none, Urdu
    letters rendered, marks and invisible characters dropped, anything else a full stop, white space single.

    >>> bank_text("Zaïnab  Bibi & Söhne", 70)
    'Zainab Bibi + Sohne'
    >>> bank_text("Zaïnab  Bibi & Söhne", 70, "latin")
    'Zaïnab Bibi & Söhne'
    """
    allowed = CHARSETS[charset]
    rendered = text
    if not allowed.issuperset(text):
        composed = unicodedata.normalize("NFC", text)
        rendered = "".join(
            character if character in allowed else _rendered(character, allowed) for character in composed
        )
    return " ".join(rendered.split())[:max_length].rstrip()


def _rendered(character: str, allowed: frozenset[str]) -> str:
    """Return a character outside the set in its letters: decomposed first, so that an accent is dropped and not lost."""
    return "".join(_letter(part, allowed) for part in unicodedata.normalize("NFKD", character))


def _letter(character: str, allowed: frozenset[str]) -> str:
    if character in allowed:
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
