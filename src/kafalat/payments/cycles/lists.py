"""The digest of a payment list: what approvers see is what was prepared is what is sent."""

from __future__ import annotations

from kafalat.registry import bulk

# Two levels, so that no text grows with the nation: SHA-256 over the lines of each bank's file, then over those digests.
LIST_DIGEST_SQL = """
    SELECT encode(sha256(convert_to(string_agg(concat_ws('|', bank, part, lines), E'\\n' ORDER BY bank, part), 'UTF8')), 'hex')
    FROM (
        SELECT bank, part, encode(sha256(convert_to(string_agg(concat_ws('|', identity, encode(iban_sealed, 'hex'),
            amount_paisa), E'\\n' ORDER BY identity), 'UTF8')), 'hex') AS lines
        FROM {source} GROUP BY bank, part
    ) AS files
"""
# Lists from before there were phases were cut into one piece per phase of their families.
_STORED = """
    (SELECT p.bank, CASE l.phase WHEN 'all' THEN e.phase ELSE p.part::text END AS part, p.identity, a.iban_sealed, p.amount_paisa
     FROM payments_payment AS p JOIN payments_paymentlist AS l ON l.id = p.payment_list_id
     JOIN payments_entitlement AS e ON e.id = p.entitlement_id JOIN enrolment_account AS a ON a.id = p.account_id
     WHERE p.payment_list_id = %s) AS stored
"""
# As `part` is written in text for those, it is for these.
DRAFTED = "(SELECT bank, part::text AS part, identity, iban_sealed, amount_paisa FROM candidate) AS drafted"


def stored_digest(payment_list_id: int) -> str | None:
    """Return the digest of a list's payments as they stand now; None for a list without payments."""
    ((sha256,),) = bulk.rows(LIST_DIGEST_SQL.format(source=_STORED), [payment_list_id])
    return None if sha256 is None else str(sha256)


# The digest of every list's payments as they stand now.
STORED_DIGESTS = f"""
    SELECT every.id AS payment_list_id, stored.sha256 FROM payments_paymentlist AS every
    CROSS JOIN LATERAL ({LIST_DIGEST_SQL.format(source=_STORED.replace("%s", "every.id"))}) AS stored (sha256)
"""
