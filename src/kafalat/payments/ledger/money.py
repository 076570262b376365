"""The rules of money: every posting balances, every account holds what the payments say, every rupee has an owner."""

from __future__ import annotations

from kafalat.core.text import Bilingual
from kafalat.payments.ledger.rule import Rule
from kafalat.payments.models.transfer import KINDS

MOVED = """
    SELECT cycle_id, debit AS account, amount_paisa AS paisa, payment_id, kind FROM payments_transfer
    UNION ALL SELECT cycle_id, credit, -amount_paisa, payment_id, kind FROM payments_transfer
"""
# What older books posted as due payment by payment counts with the payment's own `sent`. A list that was prepared then and
# left since was posted as released and sent by whole files: those rows take it up, and no payment's own do.
_TAKEN_UP = """
    (m.kind <> 'due' OR EXISTS (SELECT FROM payments_transfer AS sent WHERE sent.payment_id = m.payment_id AND sent.kind = 'sent'))
"""

# Where the state of each payment says its money is. A payment tried again has handed its money on: `moved_on`. In books
# older than postings of whole files, a file without one was in flight from the day it was dispatched.
STANDS = """
    SELECT l.cycle_id, l.id AS list_id, f.message_id AS file, p.id, p.identity, p.status, p.amount_paisa,
        again.id IS NOT NULL AS moved_on,
        CASE
            WHEN p.status IN ('prepared', 'sent', 'accepted') THEN CASE
                WHEN f.id IS NULL THEN 'obligation'
                WHEN o.sent_at IS NULL AND released.id IS NOT NULL THEN 'settlement:' || p.bank
                ELSE 'in_flight:' || p.bank END
            WHEN p.status = 'paid' THEN 'paid:' || p.bank
            WHEN again.id IS NOT NULL THEN NULL
            WHEN p.status = 'cancelled' THEN 'fund:' || l.fund
            WHEN refunded.id IS NOT NULL THEN 'treasury'
            WHEN p.status = 'reversed' THEN 'reversed:' || p.bank
            WHEN parked.id IS NOT NULL THEN 'suspense'
            ELSE 'returned:' || p.bank END AS account
    FROM payments_payment AS p JOIN payments_paymentlist AS l ON l.id = p.payment_list_id
    LEFT JOIN payments_bankfile AS f ON f.payment_list_id = p.payment_list_id AND f.bank = p.bank AND f.part = p.part
    LEFT JOIN payments_outbox AS o ON o.bank_file_id = f.id
    LEFT JOIN payments_transfer AS released ON released.bank_file_id = f.id AND released.kind = 'released'
    LEFT JOIN payments_transfer AS refunded ON refunded.payment_id = p.id AND refunded.kind = 'refunded'
    LEFT JOIN payments_transfer AS parked ON parked.payment_id = p.id AND parked.kind = 'parked'
    LEFT JOIN payments_payment AS again ON again.entitlement_id = p.entitlement_id AND again.attempt = p.attempt + 1
"""

RULES = (
    Rule(
        "I1",
        Bilingual(en="debits equal credits, posting by posting", ur="ہر اندراج میں ڈیبٹ اور کریڈٹ برابر ہیں"),
        f"""
        SELECT t.cycle_id, t.payment_list_id AS list_id, f.message_id AS file, p.identity AS payment,
            t.kind || ' ' || t.debit || ' <- ' || t.credit || ' ' || t.amount_paisa AS what
        FROM payments_transfer AS t LEFT JOIN payments_bankfile AS f ON f.id = t.bank_file_id
        LEFT JOIN payments_payment AS p ON p.id = t.payment_id
        WHERE t.amount_paisa <= 0 OR t.debit = t.credit OR t.kind NOT IN ({", ".join(f"'{kind}'" for kind in KINDS)})
            OR (t.payment_id IS NOT NULL AND t.amount_paisa <> p.amount_paisa)
        """,
    ),
    Rule(
        "I2",
        Bilingual(
            en="each account holds what the states of the payments say",
            ur="ہر کھاتے میں اتنی ہی رقم ہے جتنی ادائیگیوں کی حالت بتاتی ہے",
        ),
        f"""
        SELECT x.cycle_id, NULL::bigint AS list_id, NULL::text AS file, NULL::text AS payment,
            x.account || ': ledger ' || sum(x.ledger) || ', payments ' || sum(x.state) AS what
        FROM (
            SELECT cycle_id, account, paisa AS ledger, 0::bigint AS state FROM ({MOVED}) AS m
            UNION ALL SELECT cycle_id, account, 0, amount_paisa FROM ({STANDS}) AS s WHERE account IS NOT NULL
        ) AS x
        WHERE x.account <> 'treasury' GROUP BY x.cycle_id, x.account HAVING sum(x.ledger) <> sum(x.state)
        """,
    ),
    Rule(
        "I2",
        Bilingual(
            en="the ledger has each payment's money where its state says",
            ur="ہر ادائیگی کی رقم بہی میں وہیں ہے جہاں اس کی حالت بتاتی ہے",
        ),
        f"""
        SELECT s.cycle_id, s.list_id, s.file, s.identity AS payment,
            s.status || ', ledger ' || coalesce(own.account, 'nowhere') AS what
        FROM ({STANDS}) AS s LEFT JOIN (
            SELECT payment_id, string_agg(account, '+') AS account, sum(paisa) AS paisa FROM (
                SELECT payment_id, account, sum(paisa) AS paisa FROM ({MOVED}) AS m WHERE payment_id IS NOT NULL AND {_TAKEN_UP}
                GROUP BY payment_id, account HAVING sum(paisa) > 0
            ) AS positive GROUP BY payment_id
        ) AS own ON own.payment_id = s.id
        WHERE CASE WHEN s.status IN ('prepared', 'sent', 'accepted', 'cancelled')
            THEN coalesce(own.account, 'obligation') NOT IN ('obligation', s.account)
            ELSE (own.account, own.paisa) IS DISTINCT FROM
                (CASE WHEN s.moved_on THEN 'obligation' ELSE s.account END, s.amount_paisa::numeric) END
        """,
    ),
    Rule(
        "I2",
        Bilingual(
            en="each list has drawn from its fund exactly what it pays anew",
            ur="ہر فہرست نے اپنے فنڈ سے صرف نئی ادائیگیوں کی رقم لی ہے",
        ),
        """
        SELECT l.cycle_id, l.id AS list_id, NULL::text AS file, NULL::text AS payment,
            'due ' || coalesce(t.due, 0) || ' of ' || coalesce(i.due, 0) || ', cancelled ' || coalesce(t.cancelled, 0) || ' of '
            || coalesce(i.cancelled, 0) AS what
        FROM payments_paymentlist AS l LEFT JOIN (
            SELECT p.payment_list_id, sum(p.amount_paisa) FILTER (WHERE coalesce(b.status, 'cancelled') = 'cancelled') AS due,
                sum(p.amount_paisa) FILTER (WHERE p.status = 'cancelled') AS cancelled
            FROM payments_payment AS p LEFT JOIN payments_payment AS b
                ON b.entitlement_id = p.entitlement_id AND b.attempt = p.attempt - 1
            GROUP BY p.payment_list_id
        ) AS i ON i.payment_list_id = l.id LEFT JOIN (
            SELECT coalesce(t.payment_list_id, p.payment_list_id) AS payment_list_id,
                sum(t.amount_paisa) FILTER (WHERE t.kind = 'due') AS due,
                sum(t.amount_paisa) FILTER (WHERE t.kind = 'cancelled') AS cancelled
            FROM payments_transfer AS t LEFT JOIN payments_payment AS p ON p.id = t.payment_id
            WHERE t.kind IN ('due', 'cancelled') GROUP BY 1
        ) AS t ON t.payment_list_id = l.id
        WHERE (coalesce(t.due, 0), coalesce(t.cancelled, 0)) <> (coalesce(i.due, 0), coalesce(i.cancelled, 0))
        """,
    ),
    Rule(
        "I7",
        Bilingual(
            en="no more is committed than was funded, each payment by its list's fund",
            ur="فنڈ سے زیادہ رقم مختص نہیں ہوئی، اور ہر ادائیگی اپنی فہرست کے فنڈ سے ہے",
        ),
        f"""
        SELECT m.cycle_id, NULL::bigint AS list_id, NULL::text AS file, NULL::text AS payment,
            m.account || ' ' || sum(m.paisa) AS what
        FROM ({MOVED}) AS m WHERE m.account LIKE 'fund:%' GROUP BY m.cycle_id, m.account HAVING sum(m.paisa) < 0
        UNION ALL
        SELECT l.cycle_id, l.id, NULL, p.identity, e.fund || ' in a list of ' || l.fund
        FROM payments_payment AS p JOIN payments_paymentlist AS l ON l.id = p.payment_list_id
        JOIN payments_entitlement AS e ON e.id = p.entitlement_id WHERE e.fund <> l.fund
        """,
    ),
    Rule(
        "I12",
        Bilingual(
            en="each rupee has an owner, and what is parked has a reason",
            ur="ہر روپے کا کوئی مالک ہے، اور روکی ہوئی رقم کی وجہ درج ہے",
        ),
        f"""
        SELECT m.cycle_id, NULL::bigint AS list_id, NULL::text AS file, NULL::text AS payment,
            m.account || ' ' || sum(m.paisa) AS what
        FROM ({MOVED}) AS m JOIN payments_cycle AS c ON c.id = m.cycle_id
        WHERE m.account <> 'treasury' GROUP BY m.cycle_id, m.account, c.status
        HAVING sum(m.paisa) < 0 OR m.account !~ '^(obligation|suspense|(fund|settlement|in_flight|paid|returned|reversed):.+)$'
            OR (c.status = 'closed' AND sum(m.paisa) <> 0 AND m.account ~ '^(obligation$|settlement:|in_flight:)')
        UNION ALL
        SELECT t.cycle_id, p.payment_list_id, NULL, p.identity, 'parked without a decision'
        FROM payments_transfer AS t JOIN payments_payment AS p ON p.id = t.payment_id
        LEFT JOIN payments_resolution AS r ON r.payment_id = p.id
        WHERE t.kind = 'parked' AND (r.payment_id IS NULL OR r.decided_by = '')
        """,
    ),
)
