"""The rules of acts: what was approved is what left, by whom, in which order, and each act stands in the log once."""

from __future__ import annotations

from kafalat.core.text import Bilingual
from kafalat.payments.cycles.lists import STORED_DIGESTS
from kafalat.payments.ledger.rule import Rule

# Every act that must stand in the audit log exactly once, by the rows that witness it.
_ACTS = """
    SELECT 'cycle' AS kind, id AS object_id, id AS cycle_id, 'cycle_opened' AS action, 1 AS times FROM payments_cycle
    UNION ALL SELECT 'cycle', id, id, 'cycle_closed', 1 FROM payments_cycle WHERE status = 'closed'
    UNION ALL SELECT 'payment_list', id, cycle_id, 'list_prepared', 1 FROM payments_paymentlist
    UNION ALL SELECT 'payment_list', id, cycle_id, 'list_checked', 1 FROM payments_paymentlist WHERE checked_by_id IS NOT NULL
    UNION ALL SELECT 'payment_list', id, cycle_id, 'list_dispatched', 1 FROM payments_paymentlist WHERE status = 'dispatched'
    UNION ALL SELECT 'payment_list', l.id, l.cycle_id, CASE a.act WHEN 'reject' THEN 'list_rejected' ELSE 'said yes' END, count(*)
        FROM payments_approval AS a JOIN payments_paymentlist AS l ON l.id = a.payment_list_id GROUP BY 1, 2, 3, 4
    UNION ALL SELECT 'answer', id, NULL, 'answer_received', 1 FROM payments_answer
    UNION ALL SELECT 'recall', id, NULL, 'recall_asked', 1 FROM payments_recall
    UNION ALL SELECT 'recall', recall_id, NULL, 'recall_agreed', 1 FROM payments_recallagreement
    UNION ALL SELECT 'recall', recall_id, NULL, 'recall_sent', 1 FROM payments_recallagreement WHERE sent_at IS NOT NULL
"""

RULES = (
    Rule(
        "I6",
        Bilingual(en="what was approved is what was dispatched", ur="جو منظور ہوا وہی بھیجا گیا"),
        f"""
        SELECT l.cycle_id, l.id AS list_id, f.message_id AS file, NULL::text AS payment, 'list ' || left(l.sha256, 12)
            || ', payments ' || coalesce(left(d.sha256, 12), 'none') || ', approved ' || coalesce(left(a.list_sha256, 12), '-')
            || ', dispatched ' || coalesce(left(f.list_sha256, 12), '-') AS what
        FROM payments_paymentlist AS l LEFT JOIN ({STORED_DIGESTS}) AS d ON d.payment_list_id = l.id
        LEFT JOIN payments_approval AS a ON a.payment_list_id = l.id
        LEFT JOIN payments_bankfile AS f ON f.payment_list_id = l.id
        WHERE d.sha256 IS DISTINCT FROM l.sha256 OR a.list_sha256 <> l.sha256 OR f.list_sha256 <> l.sha256
        """,
    ),
    Rule(
        "I6",
        Bilingual(
            en="each bank file holds exactly its payments, and the ledger has its sum",
            ur="ہر بینک فائل میں صرف اپنی ادائیگیاں ہیں، اور بہی میں اسی کی رقم ہے",
        ),
        """
        SELECT l.cycle_id, l.id AS list_id, f.message_id AS file, NULL::text AS payment,
            f.transactions || ' payments of ' || f.control_sum_paisa || ', found ' || coalesce(p.n, 0) || ' of '
            || coalesce(p.paisa, 0) || ', released ' || coalesce(released.amount_paisa, 0) || ', sent '
            || coalesce(sent.amount_paisa, one.paisa, 0) AS what
        FROM payments_bankfile AS f JOIN payments_paymentlist AS l ON l.id = f.payment_list_id
        LEFT JOIN payments_outbox AS o ON o.bank_file_id = f.id
        LEFT JOIN (
            SELECT payment_list_id, bank, part, count(*) AS n, sum(amount_paisa) AS paisa FROM payments_payment GROUP BY 1, 2, 3
        ) AS p ON p.payment_list_id = f.payment_list_id AND p.bank = f.bank AND p.part = f.part
        LEFT JOIN payments_transfer AS released ON released.bank_file_id = f.id AND released.kind = 'released'
        LEFT JOIN payments_transfer AS sent ON sent.bank_file_id = f.id AND sent.kind = 'sent'
        LEFT JOIN (
            SELECT p.payment_list_id, p.bank, p.part, sum(t.amount_paisa) AS paisa
            FROM payments_transfer AS t JOIN payments_payment AS p ON p.id = t.payment_id WHERE t.kind = 'sent' GROUP BY 1, 2, 3
        ) AS one ON one.payment_list_id = f.payment_list_id AND one.bank = f.bank AND one.part = f.part
        WHERE (p.n, p.paisa) IS DISTINCT FROM (f.transactions::bigint, f.control_sum_paisa::numeric)
            OR CASE WHEN one.paisa IS NULL THEN released.amount_paisa IS DISTINCT FROM f.control_sum_paisa
                OR sent.amount_paisa IS DISTINCT FROM CASE WHEN o.sent_at IS NOT NULL THEN f.control_sum_paisa END
            ELSE one.paisa <> f.control_sum_paisa OR released.id IS NOT NULL OR sent.id IS NOT NULL END
        """,
    ),
    Rule(
        "I6",
        Bilingual(
            en="each payment that left stands in one file, and is answered or open",
            ur="ہر بھیجی گئی ادائیگی ایک ہی فائل میں ہے، اور اس کا جواب آ چکا یا باقی ہے",
        ),
        """
        SELECT l.cycle_id, l.id AS list_id, f.message_id AS file, p.identity AS payment,
            p.status || CASE WHEN f.id IS NULL THEN ', in no file' ELSE ', not answered so' END AS what
        FROM payments_payment AS p JOIN payments_paymentlist AS l ON l.id = p.payment_list_id
        LEFT JOIN payments_bankfile AS f ON f.payment_list_id = p.payment_list_id AND f.bank = p.bank AND f.part = p.part
        LEFT JOIN payments_answerline AS a ON a.payment_id = p.id
            AND a.outcome = CASE p.status WHEN 'reversed' THEN 'paid' ELSE p.status END
        WHERE (f.id IS NULL AND (l.status = 'dispatched' OR p.status NOT IN ('prepared', 'cancelled')))
            OR (a.id IS NULL AND p.status IN ('accepted', 'paid', 'rejected', 'returned', 'recalled', 'reversed'))
            OR (a.id IS NOT NULL AND a.amount_paisa <> p.amount_paisa)
        """,
    ),
    Rule(
        "I8",
        Bilingual(
            en="each act stands in the audit log exactly once", ur="ہر کام آڈٹ لاگ میں صرف ایک بار درج ہے"
        ),
        f"""
        SELECT x.cycle_id, NULL::bigint AS list_id, NULL::text AS file, NULL::text AS payment,
            x.kind || ' ' || x.object_id || ': ' || x.action || ' ' || coalesce(log.times, 0) || ' times for ' || x.times AS what
        FROM ({_ACTS}) AS x LEFT JOIN (
            SELECT object_kind, object_id, action, count(*) AS times FROM (
                SELECT object_kind, object_id, CASE WHEN action IN ('list_approved', 'list_authorised', 'list_released')
                    THEN 'said yes' ELSE action END AS action FROM audit_auditentry
            ) AS entry GROUP BY 1, 2, 3
        ) AS log ON log.object_kind = x.kind AND log.object_id = x.object_id::text AND log.action = x.action
        WHERE log.times IS DISTINCT FROM x.times
        UNION ALL
        SELECT CASE WHEN e.object_kind = 'cycle' THEN e.object_id::bigint END,
            CASE WHEN e.object_kind = 'payment_list' THEN e.object_id::bigint END, NULL, NULL,
            'entry ' || e.seq || ': ' || e.action || ' of nothing there'
        FROM audit_auditentry AS e WHERE (e.object_kind, e.object_id) NOT IN (SELECT kind, object_id::text FROM ({_ACTS}) AS x)
            AND e.object_kind IN ('cycle', 'payment_list', 'answer', 'recall')
        """,
    ),
    Rule(
        "I9",
        Bilingual(
            en="maker, checkers and releasers of a list are different people, and every seat is taken",
            ur="فہرست بنانے، جانچنے اور جاری کرنے والے الگ الگ لوگ ہیں، اور کوئی نشست خالی نہیں",
        ),
        """
        SELECT l.cycle_id, l.id AS list_id, NULL::text AS file, NULL::text AS payment,
            count(a.id) || ' seats of ' || l.seats || ', ' || count(DISTINCT a.person) || ' people, maker '
            || coalesce(bool_or(a.approver_id = l.maker_id OR a.person = l.maker_person)::text, '-') AS what
        FROM payments_paymentlist AS l LEFT JOIN payments_approval AS a ON a.payment_list_id = l.id AND a.seat > 0
        GROUP BY l.id
        HAVING bool_or(a.approver_id = l.maker_id OR a.person = l.maker_person) OR l.checked_by_id = l.maker_id
            OR count(a.id) <> count(DISTINCT a.person) OR count(a.id) <> count(DISTINCT a.approver_id)
            OR count(a.id) <> count(DISTINCT a.seat) OR (l.status = 'dispatched' AND count(a.id) <> l.seats)
        """,
    ),
    Rule(
        "I9",
        Bilingual(
            en="what was recalled was asked for by one person and agreed to by another",
            ur="جو واپس منگوائی گئی اسے ایک شخص نے مانگا اور دوسرے نے منظور کیا",
        ),
        """
        SELECT l.cycle_id, l.id AS list_id, NULL::text AS file, p.identity AS payment,
            'recalled, asked by ' || coalesce(r.asked_person, '-') || ', agreed by ' || coalesce(a.agreed_person, '-') AS what
        FROM payments_payment AS p JOIN payments_paymentlist AS l ON l.id = p.payment_list_id
        LEFT JOIN payments_recallitem AS i ON i.payment_id = p.id LEFT JOIN payments_recall AS r ON r.id = i.recall_id
        LEFT JOIN payments_recallagreement AS a ON a.recall_id = r.id AND a.sha256 = r.sha256
        WHERE p.status = 'recalled' AND (a.recall_id IS NULL OR a.agreed_person = r.asked_person)
        """,
    ),
    Rule(
        "I10",
        Bilingual(
            en="nothing left and nothing was answered without an earlier outbox row",
            ur="آؤٹ باکس میں پہلے درج ہوئے بغیر نہ کچھ گیا نہ کسی کا جواب آیا",
        ),
        """
        SELECT l.cycle_id, l.id AS list_id, f.message_id AS file, NULL::text AS payment,
            CASE WHEN o.bank_file_id IS NULL THEN 'no outbox row' ELSE 'sent before it was made' END AS what
        FROM payments_bankfile AS f JOIN payments_paymentlist AS l ON l.id = f.payment_list_id
        LEFT JOIN payments_outbox AS o ON o.bank_file_id = f.id WHERE o.bank_file_id IS NULL OR o.sent_at < f.created_at
        UNION ALL
        SELECT l.cycle_id, l.id, f.message_id, p.identity, a.outcome || ' answered, never sent'
        FROM payments_answerline AS a JOIN payments_payment AS p ON p.id = a.payment_id
        JOIN payments_paymentlist AS l ON l.id = p.payment_list_id
        LEFT JOIN payments_bankfile AS f ON f.payment_list_id = p.payment_list_id AND f.bank = p.bank AND f.part = p.part
        LEFT JOIN payments_outbox AS o ON o.bank_file_id = f.id WHERE o.sent_at IS NULL
        """,
    ),
)
