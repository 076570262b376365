"""Finds which payment a bank's line without our reference speaks of, by amount, day and words, and says how sure it is.

Pure: records in, proposals out; no database, no clock, no labels. Two records are compared in three ways: how far their
amounts and days lie apart, and which words they share. How much each agreement is worth is not set by hand: for words it
is how many other records share them too, for amounts and days it is learnt from the records themselves by
expectation-maximisation, as Fellegi and Sunter (1969) and Winkler (1988) do for the linkage of registers. A line is one
payment or none, and a payment one line or none, so candidates compete: the confidence of a proposal is its share
against every rival of the line, of the payment, and against none. docs/reconciliation.md has the measured figures.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]

_WORD: Final = re.compile(r"[^\W_]+")
# Parts per million by which amounts differ, and days between: the bounds of the levels that are compared.
_AMOUNT_LEVELS_PPM: Final = np.array([1, 10_000, 20_000, 40_000, 60_000, 90_000])
_DAY_LEVELS: Final = np.array([0, 1, 2, 3, 5, 7, 10, 15, 22])
# What is left of the words once the shared ones are taken away: nothing, some on one side, some on both, no word shared.
WHOLE, PARTLY, CONFLICT, NOTHING = range(4)
_ROUNDS: Final = 25
# Shares of true pairs assumed to begin with; of lines whose payment is not among the records (kept: nothing tells it).
_TEXT_START: Final = (0.6, 0.3, 0.08, 0.02)
_NONE_SHARE: Final = 0.2
_LEAST: Final = 1e-6
_OTHERS_LEAST: Final = 0.02


@dataclass(frozen=True, slots=True)
class Record:
    """One movement as one side knows it. `text` is whatever names it: payee, purpose, end of an account number."""

    text: str
    day: date
    amount_paisa: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What may be compared at all: amounts at most so many parts per million apart, and the line so many days after."""

    amount_ppm: int = 0
    days_before: int = 0
    days_after: int = 30


@dataclass(frozen=True, slots=True)
class Proposal:
    """Line `line` is probably record `known` (places in the sequences given); `next_best` is the confidence of its rival."""

    line: int
    known: int
    confidence: float
    next_best: float


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs that may be compared, column by column: places of both sides, levels, and chance of sharing those words.

    `near` has for each line how many records its terms let in, whether they share a word or not.
    """

    line: Places
    known: Places
    amount: Places
    days: Places
    words: Places
    chance: Numbers
    near: Numbers
    lines: int
    knowns: int


@dataclass(frozen=True, slots=True)
class Weights:
    """Shares of each level among true pairs (`m`) and among chance pairs (`u`), for amount, days; `words` has only m."""

    amount_m: Numbers
    amount_u: Numbers
    days_m: Numbers
    days_u: Numbers
    words_m: Numbers


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text in small letters without accents.

    >>> words("ZAÏNAB Bibi, A/C 9931")
    ('zainab', 'bibi', 'a', 'c', '9931')
    """
    plain = unicodedata.normalize("NFKD", text.casefold())
    return tuple(_WORD.findall("".join(c for c in plain if not unicodedata.combining(c))))


class _Shelf:
    """The words of all records of one side, to count how many hold several words at once."""

    def __init__(self, texts: Sequence[tuple[str, ...]]) -> None:
        self._holders: dict[str, set[int]] = defaultdict(set)
        for place, text in enumerate(texts):
            for word in text:
                self._holders[word].add(place)
        self._sorted = sorted(self._holders)
        self._begun: dict[str, set[int]] = {}
        self._joint: dict[frozenset[str], float] = {}
        self._size = max(1, len(texts))

    def _holding(self, word: str) -> set[int]:
        """Return the records with a word that begins like `word`: banks cut texts off."""
        if word not in self._begun:
            found: set[int] = set()
            place = bisect_left(self._sorted, word)
            while place < len(self._sorted) and self._sorted[place].startswith(word):
                found |= self._holders[self._sorted[place]]
                place += 1
            self._begun[word] = found
        return self._begun[word]

    def chance(self, shared: frozenset[str]) -> float:
        """Return how likely a record that is not the one meant holds these words: counted among the other records,
        or, where there is no other, from the words one by one.
        """
        if shared not in self._joint:
            sets = sorted((self._holding(word) for word in shared), key=len)
            others = len(set.intersection(*sets)) - 1 if sets else self._size
            alone = 1.0
            for found in sets:
                alone *= len(found) / self._size
            # Words of a name go together more often than single frequencies say: never below a fiftieth of a record.
            self._joint[shared] = (
                max(others, 0) + min(1.0, max(_OTHERS_LEAST, alone * self._size))
            ) / self._size
        return self._joint[shared]


def _compare(line: tuple[str, ...], known: tuple[str, ...]) -> tuple[int, frozenset[str]]:
    """Return what is left over between two texts (a level), and the words they share; the last word may be cut off."""
    left, shared, alone = list(known), [], 0
    for word in line:
        hit = (
            word if word in left else next((other for other in left if _cut(word, other, line, known)), None)
        )
        if hit is None:
            alone += 1
        else:
            left.remove(hit)
            shared.append(min(word, hit, key=len))
    if not shared:
        return NOTHING, frozenset()
    level = WHOLE if not alone and not left else CONFLICT if alone and left else PARTLY
    return level, frozenset(shared)


def _cut(word: str, other: str, line: tuple[str, ...], known: tuple[str, ...]) -> bool:
    """Say whether one word is the other cut off at the end of its text."""
    return (word == line[-1] and other.startswith(word)) or (other == known[-1] and word.startswith(other))


def compare(lines: Sequence[Record], known: Sequence[Record], terms: Terms) -> Pairs:
    """Return every pair within the terms that shares a word, with its levels."""
    line_words, known_words = [words(r.text) for r in lines], [words(r.text) for r in known]
    shelf = _Shelf(known_words)
    order = np.argsort(np.array([r.amount_paisa for r in known], dtype=np.int64), kind="stable")
    amounts = np.array([r.amount_paisa for r in known], dtype=np.int64)[order]
    days = np.array([r.day.toordinal() for r in known], dtype=np.int64)[order]
    seen: dict[tuple[tuple[str, ...], tuple[str, ...]], tuple[int, float]] = {}
    columns: tuple[list[int], ...] = ([], [], [], [], [])
    chances: list[float] = []
    in_terms: list[int] = []
    for place, line in enumerate(lines):
        spread = line.amount_paisa * terms.amount_ppm // 1_000_000
        low = int(np.searchsorted(amounts, line.amount_paisa - spread, "left"))
        high = int(np.searchsorted(amounts, line.amount_paisa + spread, "right"))
        gaps = line.day.toordinal() - days[low:high]
        near = np.nonzero((gaps >= -terms.days_before) & (gaps <= terms.days_after))[0]
        in_terms.append(len(near))
        for offset in near.tolist():
            other = int(order[low + offset])
            key = (line_words[place], known_words[other])
            if key not in seen:
                level, shared = _compare(*key)
                seen[key] = (level, shelf.chance(shared) if shared else 1.0)
            level, chance = seen[key]
            if level == NOTHING:
                continue
            ppm = abs(int(amounts[low + offset]) - line.amount_paisa) * 1_000_000 // max(1, line.amount_paisa)
            row = (place, other, ppm, int(gaps[offset]), level)
            for column, value in zip(columns, row, strict=True):
                column.append(value)
            chances.append(chance)
    line_column, known_column, ppms, gap_column, levels = (np.array(c, dtype=np.int64) for c in columns)
    return Pairs(
        line=line_column,
        known=known_column,
        amount=np.digitize(ppms, _AMOUNT_LEVELS_PPM).astype(np.int64),
        days=np.digitize(gap_column, _DAY_LEVELS).astype(np.int64),
        words=levels,
        chance=np.array(chances, dtype=np.float64),
        near=np.array(in_terms, dtype=np.float64),
        lines=len(lines),
        knowns=len(known),
    )


def _shares(levels: Places, size: int, weight: Numbers) -> Numbers:
    counted = np.bincount(levels, weight, size) + _LEAST
    return np.asarray(counted / counted.sum(), dtype=np.float64)


def start(pairs: Pairs) -> Weights:
    """Return weights under which amount and days say nothing: what is used where there are too few lines to learn from."""
    everything = np.ones(len(pairs.line))
    amount = _shares(pairs.amount, len(_AMOUNT_LEVELS_PPM) + 1, everything)
    days = _shares(pairs.days, len(_DAY_LEVELS) + 1, everything)
    return Weights(amount, amount, days, days, np.array(_TEXT_START))


def learn(pairs: Pairs) -> Weights:
    """Return the weights that expectation-maximisation finds in the pairs themselves, without any labels."""
    weights = start(pairs)
    for _ in range(_ROUNDS):
        true = confidences(pairs, weights)
        false = 1.0 - true
        sizes = len(_AMOUNT_LEVELS_PPM) + 1, len(_DAY_LEVELS) + 1
        weights = Weights(
            amount_m=_shares(pairs.amount, sizes[0], true),
            amount_u=_shares(pairs.amount, sizes[0], false),
            days_m=_shares(pairs.days, sizes[1], true),
            days_u=_shares(pairs.days, sizes[1], false),
            words_m=_shares(pairs.words, len(_TEXT_START), true),
        )
    return weights


def confidences(pairs: Pairs, weights: Weights) -> Numbers:
    """Return for each pair how sure it is that both are one movement: 0 to 1, against all rivals and against none."""
    if not len(pairs.line):
        return np.zeros(0)
    odds = (
        (weights.amount_m / weights.amount_u)[pairs.amount]
        * (weights.days_m / weights.days_u)[pairs.days]
        * weights.words_m[pairs.words]
        / (pairs.chance * pairs.near[pairs.line])
    )
    odds = np.minimum(odds, 1e12) * (1 - _NONE_SHARE)
    of_line = np.bincount(pairs.line, odds, pairs.lines) + _NONE_SHARE
    of_known = np.bincount(pairs.known, odds, pairs.knowns) + _NONE_SHARE
    return np.asarray(np.minimum(odds / of_line[pairs.line], odds / of_known[pairs.known]), dtype=np.float64)


def propose(pairs: Pairs, weights: Weights) -> list[Proposal]:
    """Return at most one proposal for each line and each record, surest first, with the confidence of the next best."""
    sure = confidences(pairs, weights)
    order = np.argsort(-sure, kind="stable")
    best: dict[int, tuple[int, float]] = {}
    second: dict[int, float] = defaultdict(float)
    taken: set[int] = set()
    for place in order.tolist():
        line, known, confidence = int(pairs.line[place]), int(pairs.known[place]), float(sure[place])
        if line in best:
            second[line] = max(second[line], confidence)
        elif known not in taken:
            best[line] = (known, confidence)
            taken.add(known)
    return [Proposal(line, known, confidence, second[line]) for line, (known, confidence) in best.items()]


def ranked(pairs: Pairs, weights: Weights, most: int) -> dict[int, list[tuple[int, float]]]:
    """Return for each line its surest records, at most `most`, each with its confidence; a record may be offered twice."""
    sure = confidences(pairs, weights)
    offers: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for place in np.argsort(-sure, kind="stable").tolist():
        line = int(pairs.line[place])
        if len(offers[line]) < most:
            offers[line].append((int(pairs.known[place]), float(sure[place])))
    return dict(offers)
