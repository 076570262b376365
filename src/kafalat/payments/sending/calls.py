"""Sends the payments of a bank file to a wallet provider, each once, resumable at any point.

Before a call every payment in it gets an intent, committed; afterwards a result, in one transaction with the booking
of what the provider said. A sender that dies in between leaves intents without results: whoever goes on asks the
provider about those payments by their identity before sending anything again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from kafalat.adapters.iso20022.charset import bank_text
from kafalat.adapters.wallet.client import Result
from kafalat.adapters.wallet.messages import Order, message_body
from kafalat.core.problems import problem
from kafalat.enrolment.enrol import IBAN_PURPOSE
from kafalat.payments.models import BankFile, Outbox
from kafalat.payments.reconciliation.answers import take_in
from kafalat.payments.reconciliation.staging import Receiver
from kafalat.payments.sending.marks import mark_sent
from kafalat.payments.sending.transports import Sender, Wallet
from kafalat.registry import bulk

# What a provider can say of a payment: it is then never sent again.
ANSWERS = ("pending", "accepted", "paid", "rejected", "returned", "conflict")
_SYNTHETIC = " - SYNTHETIC"


@dataclass(frozen=True, slots=True)
class _Call:
    """One payment to be called about: its order, the number of this attempt, and its key in the database."""

    payment_id: int
    attempt: int
    order: Order


def call_provider(row: Outbox, sender: Sender, at: datetime) -> str:
    """Call the provider about every payment of the file that nobody has answered for yet; return its name.

    Raises `sending.provider_unset` and `sending.provider_failing`; what was answered before that is kept and booked.
    """
    file = row.bank_file
    wallet = sender.wallets.get(file.bank)
    if wallet is None:
        raise problem("sending.provider_unset", bank=file.bank, file=file.message_id)
    last, unanswered, reason = 0, 0, ""
    while calls := _open(file, sender, wallet.batch, after=last):
        last = calls[-1].payment_id
        _intend(calls, file, at)
        results = _pay(wallet, calls)
        answered = _conclude(calls, results, file, sender, at)
        unanswered += len(calls) - answered
        reason = next((r.reason for r in results if r.line is None), reason)
        if not answered and any(r.standing != "refused" for r in results):
            break  # nobody is there: the rest is not even tried
    if unanswered:
        raise problem(
            "sending.provider_failing",
            bank=file.bank,
            file=file.message_id,
            payments=unanswered,
            reason=reason or "-",
        )
    with transaction.atomic(durable=True):
        mark_sent(bank_file_id=file.pk, at=at)
        Outbox.objects.filter(pk=file.pk).update(answered_at=at, problem_code="", next_try_at=None)
    return wallet.provider


def _open(file: BankFile, sender: Sender, limit: int, *, after: int) -> list[_Call]:
    """Return the next payments of the file that neither a call nor a message has an answer for, in order of their number."""
    rows = bulk.rows(
        """
        SELECT p.id, p.identity, p.amount_paisa, person.name_en, a.iban_sealed, a.synthetic OR person.identity_synthetic,
            (SELECT coalesce(max(d.attempt), 0) FROM payments_delivery AS d WHERE d.payment_id = p.id)
        FROM payments_payment AS p JOIN payments_entitlement AS e ON e.id = p.entitlement_id
        JOIN enrolment_account AS a ON a.id = p.account_id
        JOIN enrolment_beneficiary AS b ON b.id = e.beneficiary_id JOIN registry_person AS person ON person.id = b.payee_id
        WHERE p.payment_list_id = %s AND p.bank = %s AND p.part = %s AND p.status = 'sent' AND p.id > %s
            AND NOT EXISTS (SELECT FROM payments_delivery AS d WHERE d.payment_id = p.id AND d.outcome = ANY (%s))
        ORDER BY p.id LIMIT %s
        """,
        [file.payment_list_id, file.bank, file.part, after, list(ANSWERS), limit],
    )
    profile = sender.programme.bank_profiles[file.bank]
    room = max(0, profile.remittance_max - len(_SYNTHETIC))
    title = bank_text(f"{sender.programme.label.en} {file.payment_list.cycle.tranche}", room)
    return [
        _Call(
            payment_id=key,
            attempt=attempts + 1,
            order=Order(
                identity=identity,
                amount_paisa=amount_paisa,
                account=sender.sealer.unseal(bytes(sealed), IBAN_PURPOSE),
                name=bank_text(name, profile.name_max),
                remittance=title + (_SYNTHETIC if synthetic else ""),
            ),
        )
        for key, identity, amount_paisa, name, sealed, synthetic, attempts in rows
    ]


def _intend(calls: Sequence[_Call], file: BankFile, at: datetime) -> None:
    """Write down that these payments may leave now: from here on their money counts as in flight."""
    with transaction.atomic(durable=True):
        mark_sent(bank_file_id=file.pk, at=at)
        bulk.execute(
            """
            INSERT INTO payments_delivery (payment_id, attempt, stage, outcome, http_status, request_sha256, reason, at)
            SELECT id, attempt, 'intent', '', 0, digest, '', %s
            FROM unnest(%s::bigint[], %s::int[], %s::text[]) AS called (id, attempt, digest)
            """,
            [
                at,
                [call.payment_id for call in calls],
                [call.attempt for call in calls],
                [call.order.sha256 for call in calls],
            ],
        )


def _pay(wallet: Wallet, calls: Sequence[_Call]) -> list[Result]:
    """Call about all of them at once; where the provider refuses the lot, about each alone, so that one harms no other."""
    orders = [call.order for call in calls]
    results = wallet.pay(orders, doubtful=any(call.attempt > 1 for call in calls))
    if len(orders) > 1 and any(result.standing == "refused" for result in results):
        return [
            result if result.line is not None else wallet.pay([result.order], doubtful=True)[0]
            for result in results
        ]
    return results


def _conclude(
    calls: Sequence[_Call], results: Sequence[Result], file: BankFile, sender: Sender, at: datetime
) -> int:
    """Keep how each payment stands and book what the provider said, in one transaction; return how many it answered for."""
    said = [result.line for result in results if result.line is not None]
    with transaction.atomic(durable=True):
        bulk.execute(
            """
            INSERT INTO payments_delivery (payment_id, attempt, stage, outcome, http_status, request_sha256, reason, at)
            SELECT id, attempt, 'result', outcome, status, digest, left(reason, 200), %s
            FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::int[], %s::text[], %s::text[])
                AS called (id, attempt, outcome, status, digest, reason)
            """,
            [
                at,
                [call.payment_id for call in calls],
                [call.attempt for call in calls],
                [result.line.state if result.line is not None else result.standing for result in results],
                [result.status for result in results],
                [call.order.sha256 for call in calls],
                [result.reason for result in results],
            ],
        )
        if said:
            # Getting further is what five tries in vain are counted from.
            Outbox.objects.filter(pk=file.pk).update(attempts=1)
            first = calls[0]
            take_in(
                content=message_body(
                    provider=file.bank,
                    message_id=f"CALL-{file.pk}-{first.payment_id}-{first.attempt}",
                    created_at=at,
                    lines=said,
                ),
                name=f"{file.message_id} {first.payment_id}",
                actor=f"wallet:{file.bank}",
                receiver=Receiver(programme=sender.programme, sealer=sender.sealer),
                at=at,
            )
    return len(said)
