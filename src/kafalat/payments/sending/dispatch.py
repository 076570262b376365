"""Turns an approved list into one file per bank, and sends what waits in the outbox.

Dispatching and sending are two steps. Dispatching is one transaction: bank files, outbox rows, payments' state and
ledger transfers appear together or not at all. Sending may be repeated, and killed anywhere: a file is rendered again
from the payments, must have the digest it was dispatched with, and appears under its name whole or not at all.
"""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User

from kafalat.audit import services as audit
from kafalat.core.problems import problem
from kafalat.core.progress import Progress, silent
from kafalat.payments.cycles.lists import stored_digest
from kafalat.payments.cycles.phases import refuse_early
from kafalat.payments.ledger.postings import post_release
from kafalat.payments.models import BankFile, Outbox, PaymentList
from kafalat.payments.sending.rendering import render_to, totals
from kafalat.payments.sending.transports import Sender, transport_of
from kafalat.policy.geography import banks_by_code
from kafalat.registry import bulk


def dispatch(
    payment_list: PaymentList, *, user: User, sender: Sender, at: datetime, progress: Progress = silent
) -> list[BankFile]:
    """Write the bank files of a locked list whose last seat is taken, within the caller's transaction; return them.

    Raises `payments.phase_not_open`, `payments.phase_out_of_order`, and `payments.list_changed` when the payments are no
    longer those that were approved.
    """
    refuse_early(payment_list, sender.programme, at)
    if stored_digest(payment_list.pk) != payment_list.sha256:
        raise problem("payments.list_changed", number=payment_list.number)
    files, parts = [], _parts(payment_list)
    progress(0.2)
    for number, (bank, part) in enumerate(parts, start=1):
        files.append(_dispatch_file(payment_list, bank, part, sender, at))
        progress(0.2 + 0.5 * number / len(parts))
    _mark_sent(payment_list)
    progress(0.8)
    post_release(payment_list_id=payment_list.pk, at=at)
    progress(0.95)
    payment_list.status = PaymentList.Status.DISPATCHED
    payment_list.released_at = at
    payment_list.save(update_fields=["status", "released_at"])
    audit.record(
        at=at,
        actor=user.get_username(),
        action="list_dispatched",
        object_kind="payment_list",
        object_id=payment_list.pk,
        detail={"sha256": payment_list.sha256, "files": {file.message_id: file.sha256 for file in files}},
    )
    return files


def _parts(payment_list: PaymentList) -> list[tuple[str, int]]:
    """Return the bank and part of every file the list leaves in."""
    found = bulk.rows(
        "SELECT bank, part FROM payments_payment WHERE payment_list_id = %s GROUP BY bank, part ORDER BY bank, part",
        [payment_list.pk],
    )
    return [(str(bank), int(part)) for bank, part in found]


def _dispatch_file(payment_list: PaymentList, bank: str, part: int, sender: Sender, at: datetime) -> BankFile:
    """Write the file row and outbox row of one bank file."""
    bic = banks_by_code(sender.programme)[bank].bic[:8]
    file = BankFile(
        payment_list=payment_list,
        bank=bank,
        part=part,
        message_id=f"KFLT-{payment_list.cycle.tranche}-{payment_list.pk}-{bic}"
        + (f"-{part}" if part > 1 else ""),
        created_at=at,
        list_sha256=payment_list.sha256,
        seats=payment_list.seats,
    )
    file.transactions, file.control_sum_paisa = totals(file)
    file.sha256 = render_to(file, sender)
    file.save(force_insert=True)
    Outbox.objects.create(bank_file=file, transport=transport_of(bank, sender))
    return file


def _mark_sent(payment_list: PaymentList) -> None:
    bulk.execute(
        "UPDATE payments_payment SET status = 'sent' WHERE payment_list_id = %s AND status = 'prepared'",
        [payment_list.pk],
    )
