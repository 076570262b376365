"""Money that was paid and nobody collects: warns the payee, takes it back by an approved order, credits it again on a claim.

Everything is by the programme's clause and months, and dates are handed in. Taking back without authority was an audit
finding (Rs 2.227bn, 2020-21): an order names the clause, is made by one person and approved by another, holds only
payments whose payee was warned each time the programme says, and the database lets no payment be reversed without it.
"""

from __future__ import annotations

import csv
import io
import json
from datetime import date, datetime
from pathlib import Path

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from kafalat.audit import services as audit
from kafalat.core.money import decimal_text
from kafalat.core.problems import problem
from kafalat.core.sealing import Sealer
from kafalat.enrolment.enrol import IBAN_PURPOSE
from kafalat.payments.access import access_reconciling, access_releasing_money
from kafalat.payments.cycles.calendar import local_day, local_day_sql
from kafalat.payments.models import Claim, Payment, TakeBack, TakeBackApproval
from kafalat.payments.sending.putting import put_whole
from kafalat.policy.model import Programme
from kafalat.policy.reconciliation import Idle
from kafalat.registry import bulk

# Paid, and not a rupee of it taken out (a withdrawal whose cash did not come out is none). `%(today)s` is handed in.
IDLE = f"""
    SELECT p.id, p.identity, p.bank, p.amount_paisa, p.account_id, c.tranche, coalesce(said.booked_on, {local_day_sql("a.received_at")}) AS paid_on
    FROM payments_payment AS p
    JOIN payments_answerline AS said ON said.payment_id = p.id AND said.outcome = 'paid'
    JOIN payments_answer AS a ON a.id = said.answer_id
    JOIN payments_paymentlist AS l ON l.id = p.payment_list_id JOIN payments_cycle AS c ON c.id = l.cycle_id
    WHERE p.status = 'paid' AND c.programme_code = %(programme)s
        AND NOT EXISTS (SELECT FROM payments_withdrawal AS w LEFT JOIN payments_reversal AS r ON r.withdrawal_id = w.id
            WHERE w.payment_id = p.id AND r.withdrawal_id IS NULL)
        AND NOT EXISTS (SELECT FROM payments_takebackitem AS item WHERE item.payment_id = p.id)
"""


def rules_on(programme: Programme, today: date) -> Idle:
    """Return what the programme says on `today` about money nobody collects. Raises `reconciliation.no_rules`."""
    rules = programme.reconciliation.on(today) if programme.reconciliation is not None else None
    if rules is None:
        raise problem("reconciliation.no_rules")
    return rules.idle


def queue_warnings(*, programme: Programme, user: User, at: datetime) -> int:
    """Queue the message of every payment that has come to a month of warning; return how many. Each is queued once."""
    access_reconciling(user)
    today = local_day(at)
    rules = rules_on(programme, today)
    labels = {bank.code: bank.label for bank in programme.banks.banks}
    with transaction.atomic():
        queued = bulk.execute(
            f"""
            INSERT INTO payments_notice (payment_id, months, text_en, text_ur, due_on, queued_at)
            SELECT idle.id, warning.months, replace(replace(replace(warning.en, '{{amount}}', shown.amount), '{{tranche}}', idle.tranche),
                    '{{bank}}', coalesce(label.value->>'en', idle.bank)),
                replace(replace(replace(warning.ur, '{{amount}}', shown.amount), '{{tranche}}', idle.tranche),
                    '{{bank}}', coalesce(label.value->>'ur', idle.bank)),
                (idle.paid_on + make_interval(months => warning.months))::date, %(at)s
            FROM ({IDLE}) AS idle
            JOIN jsonb_to_recordset(%(warnings)s::jsonb) AS warning (months int, en text, ur text)
                ON idle.paid_on + make_interval(months => warning.months) <= %(today)s
            CROSS JOIN LATERAL (SELECT 'Rs ' || trim(to_char(idle.amount_paisa / 100, '999,999,999,999')) AS amount) AS shown
            LEFT JOIN jsonb_each(%(labels)s::jsonb) AS label ON label.key = idle.bank
            ORDER BY idle.id, warning.months
            ON CONFLICT (payment_id, months) DO NOTHING
            """,
            {
                "programme": programme.code,
                "today": today,
                "at": at,
                "warnings": json.dumps(
                    [{"months": w.after_months, "en": w.text.en, "ur": w.text.ur} for w in rules.warnings]
                ),
                "labels": json.dumps({code: label.model_dump() for code, label in labels.items()}),
            },
        )
        if queued:
            _record("idle_warnings_queued", "programme", programme.code, {"messages": queued}, user, at)
    return queued


def order_take_back(*, programme: Programme, bank: str, user: User, at: datetime) -> TakeBack:
    """Make the order that takes back what has lain uncollected at a bank for the programme's months. Raises `idle.nothing`.

    Only payments whose payee was sent every warning: all queued at least a month before, in the programme's order.
    """
    access_reconciling(user)
    today = local_day(at)
    rules = rules_on(programme, today)
    with transaction.atomic():
        bulk.execute(
            f"""
            CREATE TEMPORARY TABLE taken ON COMMIT DROP AS
            SELECT id, identity, amount_paisa FROM ({IDLE}) AS idle
            WHERE bank = %(bank)s AND paid_on + make_interval(months => %(months)s) <= %(today)s
                AND (SELECT count(*) FROM payments_notice AS n WHERE n.payment_id = idle.id AND n.months = ANY (%(warned)s)
                    AND n.queued_at <= %(at)s - interval '1 month') = %(warnings)s
            """,
            {
                "programme": programme.code,
                "bank": bank,
                "months": rules.take_back_after_months,
                "today": today,
                "at": at,
                "warned": [w.after_months for w in rules.warnings],
                "warnings": len(rules.warnings),
            },
        )
        ((payments, amount_paisa, sha256),) = bulk.rows(
            """
            SELECT count(*), coalesce(sum(amount_paisa), 0)::bigint,
                encode(sha256(convert_to(coalesce(string_agg(identity || '|' || amount_paisa, E'\\n' ORDER BY identity), ''), 'UTF8')), 'hex')
            FROM taken
            """
        )
        if payments == 0:
            raise problem("idle.nothing", bank=bank)
        order = TakeBack.objects.create(
            bank=bank,
            message_id=f"KFLT-BACK-{at:%Y%m%d}-{sha256[:12]}".upper(),
            clause=rules.clause,
            paid_until=today,
            payments=payments,
            amount_paisa=amount_paisa,
            sha256=sha256,
            made_by=user,
            made_at=at,
        )
        bulk.execute(
            "INSERT INTO payments_takebackitem (take_back_id, payment_id) SELECT %s, id FROM taken ORDER BY id",
            [order.pk],
        )
        bulk.execute("DROP TABLE taken")
        _record(
            "take_back_ordered", "take_back", order.pk, {"sha256": sha256, "payments": payments}, user, at
        )
    return order


def approve_take_back(*, take_back_id: int, seen_sha256: str, user: User, at: datetime) -> TakeBackApproval:
    """Approve an order as a releaser who did not make it.

    Raises `idle.order_closed` (unknown, or approved already), `idle.own_order` and `reconciliation.figures_changed`.
    """
    access_releasing_money(user)
    with transaction.atomic():
        order = TakeBack.objects.filter(pk=take_back_id).first()
        if order is None or TakeBackApproval.objects.filter(take_back=order).exists():
            raise problem("idle.order_closed", order=order.message_id if order else take_back_id)
        if order.made_by_id == user.pk:
            raise problem("idle.own_order")
        if seen_sha256 != order.sha256:
            raise problem("reconciliation.figures_changed", bank=order.bank, cycle=order.message_id)
        try:
            with transaction.atomic():
                approval = TakeBackApproval.objects.create(
                    take_back=order, sha256=order.sha256, made_by_id=order.made_by_id, person=user, at=at
                )
        except IntegrityError as error:  # somebody approved it in the same moment
            raise problem("idle.order_closed", order=order.message_id) from error
        _record("take_back_approved", "take_back", order.pk, {"sha256": order.sha256}, user, at)
    return approval


def take_back_csv(order: TakeBack, sealer: Sealer) -> bytes:
    """Return an approved order as the CSV the bank gets: its id, each payment, account and amount. Raises LookupError before."""
    if not TakeBackApproval.objects.filter(take_back=order).exists():
        msg = f"order {order.message_id} is not approved"
        raise LookupError(msg)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["order", "payment", "iban", "amount", "clause"])
    rows = bulk.rows(
        """
        SELECT p.identity, a.iban_sealed, p.amount_paisa FROM payments_takebackitem AS item
        JOIN payments_payment AS p ON p.id = item.payment_id JOIN enrolment_account AS a ON a.id = p.account_id
        WHERE item.take_back_id = %s ORDER BY p.identity
        """,
        [order.pk],
    )
    for identity, sealed, amount_paisa in rows:
        iban = sealer.unseal(bytes(sealed), IBAN_PURPOSE)
        writer.writerow([order.message_id, identity, iban, decimal_text(amount_paisa), order.clause])
    return text.getvalue().encode()


def put_take_back(*, take_back_id: int, sealer: Sealer, outgoing: Path, user: User) -> Path:
    """Put an approved order where its bank fetches it, whole, and return where; safe to repeat, for its bytes never change.

    Raises `access.refused`, `idle.not_approved` and `sending.not_written`.
    """
    access_releasing_money(user)
    order = TakeBack.objects.filter(pk=take_back_id).first()
    if order is None or not TakeBackApproval.objects.filter(take_back=order).exists():
        raise problem("idle.not_approved", order=order.message_id if order else take_back_id)
    content = take_back_csv(order, sealer)
    path = outgoing / order.bank / f"{order.message_id}.csv"
    try:
        return put_whole(path, lambda out: out.write(content))
    except OSError as error:
        raise problem("sending.not_written", path=path, reason=error.strerror or error) from error


def take_claim(*, payment_identity: str, reason: str, user: User, at: datetime) -> Claim:
    """Take a payee's claim to money that was taken back. Raises `idle.claim_refused`."""
    access_reconciling(user)
    with transaction.atomic():
        payment = (
            Payment.objects.select_for_update(no_key=True, of=("self",))
            .filter(identity=payment_identity)
            .first()
        )
        if payment is None or payment.status != Payment.Status.REVERSED:
            raise _refused(payment_identity, "its money was not taken back", "اس کی رقم واپس نہیں لی گئی")
        if Claim.objects.filter(payment=payment).exists():
            raise _refused(payment_identity, "it was claimed before", "اس کا مطالبہ پہلے ہو چکا ہے")
        if not reason.strip():
            raise _refused(payment_identity, "write what she said", "لکھیں کہ اس نے کیا کہا")
        claim = Claim.objects.create(payment=payment, reason=reason.strip(), taken_by=user, taken_at=at)
        _record("claim_taken", "payment", payment.pk, {"payment": payment.identity}, user, at)
    return claim


def grant_claim(*, payment_identity: str, user: User, at: datetime) -> Claim:
    """Grant a claim as another person: the payment is tried again in the next list, and its money goes back to obligation.

    Raises `idle.claim_refused`, also where the cycle is closed or the money has gone to the treasury for good.
    """
    access_releasing_money(user)
    with transaction.atomic():
        claim = (
            Claim.objects.select_for_update(of=("self",)).filter(payment__identity=payment_identity).first()
        )
        if claim is None or claim.granted_at is not None:
            raise _refused(payment_identity, "no claim waits", "کوئی مطالبہ منتظر نہیں")
        if claim.taken_by_id == user.pk:
            raise _refused(
                payment_identity,
                "you took it; somebody else grants it",
                "مطالبہ آپ نے لیا؛ منظوری کوئی اور دے گا",
            )
        claim.granted_by, claim.granted_at = user, at
        claim.save(update_fields=["granted_by", "granted_at"])
        bulk.execute(
            "INSERT INTO payments_resolution (payment_id, action, reason_code, decided_by, decided_at) VALUES (%s, 'reissue', 'CLAIM', %s, %s)",
            [claim.payment_id, user.get_username(), at],
        )
        _record("claim_granted", "payment", claim.payment_id, {"payment": payment_identity}, user, at)
    return claim


def _refused(identity: str, english: str, urdu: str) -> Exception:
    return problem("idle.claim_refused", payment=identity[:40], reason_en=english, reason_ur=urdu)


def _record(action: str, kind: str, key: object, detail: dict[str, object], user: User, at: datetime) -> None:
    audit.record(
        at=at, actor=user.get_username(), action=action, object_kind=kind, object_id=str(key), detail=detail
    )
