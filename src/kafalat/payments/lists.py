"""The digest of a payment list: what approvers see is what was prepared is what is sent."""

from __future__ import annotations

from kafalat.registry import bulk

# Two levels, so that no text grows with the nation: SHA-256 over each bank's and phase's lines, then over those digests.
LIST_DIGEST_SQL = """
    SELECT encode(sha256(convert_to(string_agg(concat_ws('|', bank, phase, part), E'\\n' ORDER BY bank, phase), 'UTF8')), 'hex')
    FROM (
        SELECT bank, phase, encode(sha256(convert_to(string_agg(concat_ws('|', identity, encode(iban_sealed, 'hex'), amount_paisa),
            E'\\n' ORDER BY identity), 'UTF8')), 'hex') AS part
        FROM {source} GROUP BY bank, phase
    ) AS parts
"""
_STORED = """
    (SELECT p.bank, e.phase, p.identity, a.iban_sealed, p.amount_paisa FROM payments_payment AS p
     JOIN payments_entitlement AS e ON e.id = p.entitlement_id JOIN enrolment_account AS a ON a.id = p.account_id
     WHERE p.payment_list_id = %s) AS stored
"""


def stored_digest(payment_list_id: int) -> str | None:
    """Return the digest of a list's payments as they stand now; None for a list without payments."""
    ((sha256,),) = bulk.rows(LIST_DIGEST_SQL.format(source=_STORED), [payment_list_id])
    return None if sha256 is None else str(sha256)
