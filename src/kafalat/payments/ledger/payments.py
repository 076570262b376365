"""The rules of payments: nobody is paid twice, states move as declared, and events replayed give the same states."""

from __future__ import annotations

from kafalat.core.text import Bilingual
from kafalat.payments.ledger.rule import Rule

# The states of lists and payments as what happened to them says, from nothing but events: files, answers, decisions.
_REPLAYED = """
    SELECT p.id, CASE
        WHEN t.kinds @> ARRAY['reversed'] THEN 'reversed'
        WHEN t.kinds @> ARRAY['recalled'] THEN 'recalled'
        WHEN a.outcomes @> ARRAY['returned'] THEN 'returned'
        WHEN a.outcomes @> ARRAY['rejected'] THEN 'rejected'
        WHEN a.outcomes @> ARRAY['paid'] THEN 'paid'
        WHEN a.outcomes @> ARRAY['accepted'] THEN 'accepted'
        WHEN f.id IS NOT NULL THEN 'sent'
        WHEN no.id IS NOT NULL THEN 'cancelled'
        ELSE 'prepared' END AS status
    FROM payments_payment AS p
    LEFT JOIN payments_bankfile AS f ON f.payment_list_id = p.payment_list_id AND f.bank = p.bank AND f.part = p.part
    LEFT JOIN payments_approval AS no ON no.payment_list_id = p.payment_list_id AND no.seat = 0
    LEFT JOIN (SELECT payment_id, array_agg(outcome::text) AS outcomes FROM payments_answerline GROUP BY payment_id) AS a
        ON a.payment_id = p.id
    LEFT JOIN (
        SELECT payment_id, array_agg(kind::text) AS kinds FROM payments_transfer
        WHERE kind IN ('reversed', 'recalled') AND payment_id IS NOT NULL GROUP BY payment_id
    ) AS t ON t.payment_id = p.id
"""

RULES = (
    Rule(
        "I3",
        Bilingual(
            en="paid and in flight never exceed what is due, per person, quarter and component",
            ur="کسی شخص کو کسی سہ ماہی میں واجب رقم سے زیادہ نہ دیا گیا نہ بھیجا گیا",
        ),
        """
        SELECT min(e.cycle_id) AS cycle_id, min(p.payment_list_id) AS list_id, NULL::text AS file, min(p.identity) AS payment,
            e.programme_code || ' ' || e.quarter || ' ' || e.component || ': ' || sum(p.amount_paisa) || ' of '
            || min(e.amount_paisa) AS what
        FROM payments_entitlement AS e JOIN payments_payment AS p ON p.entitlement_id = e.id
        WHERE p.status IN ('prepared', 'sent', 'accepted', 'paid')
        GROUP BY e.programme_code, e.payee_id, e.quarter, e.component HAVING sum(p.amount_paisa) > min(e.amount_paisa)
        """,
    ),
    Rule(
        "I4",
        Bilingual(
            en="at most one live payment per entitlement, of exactly its amount",
            ur="ہر استحقاق پر ایک وقت میں ایک ہی ادائیگی، پوری رقم کی",
        ),
        """
        SELECT e.cycle_id, min(p.payment_list_id) AS list_id, NULL::text AS file, min(p.identity) AS payment,
            'entitlement ' || e.id || ': ' || count(*) || ' live, ' || max(p.amount_paisa) || ' of ' || e.amount_paisa AS what
        FROM payments_entitlement AS e JOIN payments_payment AS p ON p.entitlement_id = e.id
        WHERE p.status IN ('prepared', 'sent', 'accepted', 'paid')
        GROUP BY e.id HAVING count(*) > 1 OR max(p.amount_paisa) <> e.amount_paisa
        """,
    ),
    Rule(
        "I5",
        Bilingual(
            en="lists and payments moved only as declared, and ends are final",
            ur="فہرستیں اور ادائیگیاں صرف طے شدہ راستے پر چلیں، اور اختتام حتمی ہے",
        ),
        """
        SELECT l.cycle_id, l.id AS list_id, NULL::text AS file, p.identity AS payment,
            p.status || ' in a list that is ' || l.status AS what
        FROM payments_payment AS p JOIN payments_paymentlist AS l ON l.id = p.payment_list_id
        WHERE p.status <> ALL (CASE l.status WHEN 'rejected' THEN ARRAY['cancelled']
            WHEN 'dispatched' THEN ARRAY['prepared', 'sent', 'accepted', 'paid', 'rejected', 'returned', 'recalled', 'reversed']
            ELSE ARRAY['prepared'] END)
        UNION ALL
        SELECT l.cycle_id, l.id, NULL, p.identity, p.status || ' after ' || t.kind
        FROM payments_transfer AS t JOIN payments_payment AS p ON p.id = t.payment_id
        JOIN payments_paymentlist AS l ON l.id = p.payment_list_id
        WHERE (t.kind IN ('rejected', 'returned', 'recalled', 'reversed') AND p.status <> t.kind)
            OR (t.kind = 'paid' AND p.status NOT IN ('paid', 'returned', 'reversed'))
        UNION ALL
        SELECT NULL, NULL, NULL, NULL, 'guard ' || g.name || ' is off'
        FROM unnest(ARRAY['payment_transition', 'payment_list_transition', 'approval_in_order']) AS g (name)
        WHERE NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = g.name AND tgenabled = 'O')
        """,
    ),
    Rule(
        "I11",
        Bilingual(
            en="events replayed from the beginning give the same states",
            ur="واقعات شروع سے دہرانے پر وہی حالتیں بنتی ہیں",
        ),
        f"""
        SELECT l.cycle_id, l.id AS list_id, NULL::text AS file, p.identity AS payment,
            p.status || ', replayed ' || r.status AS what
        FROM ({_REPLAYED}) AS r JOIN payments_payment AS p ON p.id = r.id
        JOIN payments_paymentlist AS l ON l.id = p.payment_list_id WHERE r.status <> p.status
        UNION ALL
        SELECT l.cycle_id, l.id, NULL, NULL, l.status || ', replayed ' || r.status
        FROM payments_paymentlist AS l JOIN (
            SELECT object_id, replace((array_agg(action ORDER BY seq DESC))[1], 'list_', '') AS status
            FROM audit_auditentry WHERE object_kind = 'payment_list'
                AND action IN ('list_prepared', 'list_checked', 'list_rejected', 'list_dispatched') GROUP BY object_id
        ) AS r ON r.object_id = l.id::text WHERE r.status <> l.status
        """,
    ),
)
