"""Whether the title a bank gives an account is the payee's name: one stated rule, the same for every bank.

Both texts are brought to one spelling: letters only, accents dropped, titles of address dropped, and the spellings with
which the same Urdu name is written in Latin letters made one (ee and i, oo and u, q and k, doubled letters, a final h).
The similarity is then that of the two texts with their words in order (rapidfuzz `token_sort_ratio`, 0 to 100, rounded
down): a word more or less lowers it, the order of words does not. Below the programme's threshold a person decides.
"""

from __future__ import annotations

import re
from typing import Final

from rapidfuzz.fuzz import token_sort_ratio

from kafalat.adapters.iso20022.charset import bank_text

_ADDRESS = frozenset({"mst", "mrs", "ms", "miss", "mr", "haji", "smt", "wo", "do", "so"})
_LETTERS_ONLY = re.compile(r"[^a-z ]+")
_SPELLINGS: Final = (
    (re.compile(r"\b(mohammad|mohammed|muhammed|mohamad|mohd|muhd|md)\b"), "muhammad"),
    (re.compile(r"ee|ie|ey|y"), "i"),
    (re.compile(r"oo|ou|o"), "u"),
    (re.compile(r"ph"), "f"),
    (re.compile(r"[ckq]h?"), "k"),
    (re.compile(r"w"), "v"),
    (re.compile(r"e"), "i"),
    (re.compile(r"(.)\1+"), r"\1"),
    (re.compile(r"h\b"), ""),
)
_LENGTH_MAX: Final = 140


def normalised(name: str) -> str:
    """Return `name` in the one spelling in which names are compared; nothing is left of a name without letters.

    >>> normalised("Mst. Nasreen  BIBI")
    'nasrin bibi'
    """
    text = bank_text(name, _LENGTH_MAX).casefold().replace(".", " ").replace("/", "")
    text = _LETTERS_ONLY.sub(" ", text)
    text = " ".join(word for word in text.split() if word not in _ADDRESS)
    for pattern, spelling in _SPELLINGS:
        text = pattern.sub(spelling, text)
    return " ".join(text.split())


def similarity(first: str, second: str) -> int:
    """Return how alike two names are, 0 to 100; 0 where either has no letters.

    >>> similarity("Nasreen Bibi", "BIBI NASRIN"), similarity("Nasreen Bibi", "Shabana Begum") < 60
    (100, True)
    """
    one, other = normalised(first), normalised(second)
    return int(token_sort_ratio(one, other)) if one and other else 0
