"""Offers payments for the lines of bank reports that name none: which, how sure, and how sure the next best.

The database brings lines and unanswered payments of the same bank and amount together where they share a word that few
others have, a piece of the reference or the end of the account number; `adapters/banks/matching.py` weighs them. Nothing is
booked here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from kafalat.adapters.banks.matching import Record, Terms, compare, learn, ranked, start, words
from kafalat.payments.cycles.calendar import local_day_sql
from kafalat.policy.reconciliation import Matching
from kafalat.registry import bulk

# Lines that expectation-maximisation needs before it knows better than its starting weights.
_LEARN_FROM_LINES = 200
# Words that more payments than this share tell nothing apart.
_COMMON = 500
# What banks write around a name.
_NOISE = frozenset(
    words(
        "account acct ac a c amount bank benazir bisp by cash cr credit dr ehsaas for from funds g2p grant ibft in income of "
        "kafaalat kafalat pay paid payment pmt pkr programme ref reference rs salary ssbe the tfr to transfer tranche trf txn "
        "via wallet"
    )
)
# Pieces of a 33-character identity that banks cut reports to: from the front, or the end.
_PIECE = 8
_SHOWN = 3  # candidates of one line


@dataclass(frozen=True, slots=True)
class Candidate:
    """A payment that a line may speak of, and how sure that is, in parts per million."""

    line_id: int
    payment_id: int
    identity: str
    name: str
    account_last4: str
    amount_paisa: int
    sent_on: date
    confidence_ppm: int


# Lines that wait for a person and name no payment, with the day they speak of.
_LINES = f"""
    SELECT r.id, a.bank, r.outcome, r.amount_paisa, coalesce(r.booked_on, {local_day_sql("a.received_at")}),
        r.name, r.text, r.reference, r.account_last4
    FROM payments_reportline AS r JOIN payments_answer AS a ON a.id = r.answer_id
    WHERE r.verdict IN ('unreferenced', 'unknown') AND r.payment_id IS NULL AND r.amount_paisa IS NOT NULL
        AND r.outcome IN ('paid', 'returned', 'rejected')
        AND NOT EXISTS (SELECT FROM payments_linedecision AS d WHERE d.line_id = r.id)
        AND (%(line)s::bigint IS NULL OR a.bank = (SELECT own.bank FROM payments_reportline AS one
            JOIN payments_answer AS own ON own.id = one.answer_id WHERE one.id = %(line)s))
    ORDER BY r.id
"""
_KNOWN = f"""
    WITH wanted AS (
        SELECT * FROM unnest(%(lines)s::bigint[], %(banks)s::text[], %(amounts)s::bigint[], %(days)s::date[], %(words)s::text[])
            AS wanted (line_id, bank, amount_paisa, day, word)
    ), known AS (
        SELECT p.id, p.identity, p.bank, p.amount_paisa, p.status, person.name_en, a.iban_last4,
            {local_day_sql("f.created_at")} AS sent_on
        FROM payments_payment AS p
        JOIN payments_bankfile AS f ON f.payment_list_id = p.payment_list_id AND f.bank = p.bank AND f.part = p.part
        JOIN payments_paymentlist AS l ON l.id = p.payment_list_id JOIN payments_cycle AS c ON c.id = l.cycle_id
        JOIN enrolment_account AS a ON a.id = p.account_id JOIN payments_entitlement AS e ON e.id = p.entitlement_id
        JOIN registry_person AS person ON person.id = e.payee_id
        WHERE p.status IN ('sent', 'accepted', 'paid') AND c.status = 'open'
            AND (p.bank, p.amount_paisa) IN (SELECT DISTINCT bank, amount_paisa FROM wanted)
    ), spelt AS (
        SELECT id, word FROM known, LATERAL (
            SELECT regexp_split_to_table(lower(name_en), '[^[:alnum:]]+') AS word
            UNION SELECT iban_last4 UNION SELECT lower(left(identity, %(piece)s)) UNION SELECT lower(right(identity, %(piece)s))
        ) AS each WHERE length(word) >= 2
    ), rare AS (SELECT word FROM spelt GROUP BY word HAVING count(*) <= %(common)s)
    SELECT DISTINCT known.id, known.identity, known.name_en, known.iban_last4, known.amount_paisa, known.sent_on, known.bank,
        known.status
    FROM wanted JOIN rare USING (word) JOIN spelt USING (word) JOIN known ON known.id = spelt.id
        AND known.bank = wanted.bank AND known.amount_paisa = wanted.amount_paisa
        AND known.sent_on BETWEEN wanted.day - %(after)s AND wanted.day + %(before)s
    ORDER BY known.id
"""
# States a payment may be in for a line to be true of it.
_FITTING = {
    "paid": {"sent", "accepted"},
    "rejected": {"sent", "accepted"},
    "returned": {"sent", "accepted", "paid"},
}


class _Known(NamedTuple):
    id: int
    identity: str
    name: str
    last4: str
    amount_paisa: int
    sent_on: date
    bank: str
    status: str

    def text(self, shown: set[str], lengths: Sequence[int]) -> str:
        """Return the payee's name, and of account and reference what a line shows of them."""
        identity = self.identity.casefold()
        pieces = {piece for length in lengths for piece in (identity[:length], identity[-length:])}
        return " ".join([self.name, *sorted(({self.last4.casefold()} | pieces) & shown)])


@dataclass(frozen=True, slots=True)
class _Line:
    id: int
    bank: str
    outcome: str
    amount_paisa: int
    day: date
    name: str
    text: str
    reference: str
    account_last4: str

    def said(self) -> list[str]:
        """Return the words that may tell whom it is about, without what banks write around them."""
        spoken = words(self.name) or words(self.text)
        kept = [word for word in spoken if word not in _NOISE]
        return (
            kept + [word for word in words(self.reference) if len(word) >= 4] + [*words(self.account_last4)]
        )


def candidates(*, matching: Matching, line_id: int | None = None) -> dict[int, list[Candidate]]:
    """Return the payments that may be meant by each line that names none, surest first; of one line's bank, or of all.

    Lines without any candidate as sure as `matching.propose_from_ppm` are left out.
    """
    lines = [_Line(*row) for row in bulk.rows(_LINES, {"line": line_id})]
    known = _known(lines, matching)
    found: dict[int, list[Candidate]] = {}
    for bank, outcome in sorted({(line.bank, line.outcome) for line in lines}):
        own = [line for line in lines if (line.bank, line.outcome) == (bank, outcome)]
        fitting = [row for row in known if row.bank == bank and row.status in _FITTING[outcome]]
        found |= _offers(own, fitting, matching)
    return found


def _known(lines: Sequence[_Line], matching: Matching) -> list[_Known]:
    wanted = [(line, piece) for line in lines for word in line.said() for piece in _pieces(word)]
    rows = bulk.rows(
        _KNOWN,
        {
            "lines": [line.id for line, _ in wanted],
            "banks": [line.bank for line, _ in wanted],
            "amounts": [line.amount_paisa for line, _ in wanted],
            "days": [line.day for line, _ in wanted],
            "words": [piece for _, piece in wanted],
            "piece": _PIECE,
            "common": _COMMON,
            "after": matching.days_after,
            "before": matching.days_before,
        },
    )
    return [_Known(*row) for row in rows]


def _pieces(word: str) -> set[str]:
    return {word} if len(word) < _PIECE else {word, word[:_PIECE], word[-_PIECE:]}


def _offers(
    lines: Sequence[_Line], known: Sequence[_Known], matching: Matching
) -> dict[int, list[Candidate]]:
    """Weigh the lines of one bank and outcome against the payments that may be meant."""
    if not known:
        return {}
    shown = {word for line in lines for word in (*words(line.reference), *words(line.account_last4))}
    lengths = sorted({len(word) for word in shown if len(word) >= _PIECE})
    pairs = compare(
        [Record(" ".join(line.said()), line.day, line.amount_paisa) for line in lines],
        [Record(row.text(shown, lengths), row.sent_on, row.amount_paisa) for row in known],
        Terms(amount_ppm=0, days_before=matching.days_before, days_after=matching.days_after),
    )
    weights = learn(pairs) if len(lines) >= _LEARN_FROM_LINES else start(pairs)
    offers: dict[int, list[Candidate]] = {}
    for place, found in ranked(pairs, weights, _SHOWN).items():
        line = lines[place]
        sure = [(known[other], int(confidence * 1_000_000)) for other, confidence in found]
        offered = [
            Candidate(line.id, row.id, row.identity, row.name, row.last4, row.amount_paisa, row.sent_on, ppm)
            for row, ppm in sure
            if ppm >= matching.propose_from_ppm
        ]
        if offered:
            offers[line.id] = offered
    return offers
