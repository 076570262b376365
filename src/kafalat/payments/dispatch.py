"""Turns an approved list into one file per bank, and sends what waits in the outbox.

Dispatching and sending are two steps. Dispatching is one transaction: bank files, outbox rows, payments' state and
ledger transfers appear together or not at all. Sending may be repeated, and killed anywhere: a file is rendered again
from the payments, must have the digest it was dispatched with, and appears under its name whole or not at all.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db import transaction

from kafalat.adapters.iso20022 import pain001
from kafalat.adapters.iso20022.values import Block, Instruction, PaymentFile
from kafalat.audit import services as audit
from kafalat.core.problems import problem
from kafalat.core.progress import Progress, silent
from kafalat.core.sealing import Sealer
from kafalat.enrolment.enrol import IBAN_PURPOSE
from kafalat.payments.calendar import local_day
from kafalat.payments.lists import stored_digest
from kafalat.payments.models import BankFile, Outbox, PaymentList
from kafalat.payments.phases import refuse_early
from kafalat.payments.postings import post_release, post_sent
from kafalat.policy.geography import banks_by_code
from kafalat.policy.model import Programme
from kafalat.registry import bulk


@dataclass(frozen=True, slots=True)
class Sender:
    """What it takes to write bank files: the programme they pay under, the key to the IBANs, and where they go."""

    programme: Programme
    sealer: Sealer
    outgoing: Path


# Stands in a bank file beside every payment whose payee or account was generated.
_SYNTHETIC = " - SYNTHETIC"


class _Row(NamedTuple):
    phase: str
    identity: str
    amount_paisa: int
    name_en: str
    iban_sealed: bytes
    bic: str
    synthetic: bool


def dispatch(payment_list: PaymentList, *, user: User, sender: Sender, at: datetime) -> list[BankFile]:
    """Write the bank files of a locked list whose last seat is taken, within the caller's transaction; return them.

    Raises `payments.phase_not_open`, `payments.phase_out_of_order`, and `payments.list_changed` when the payments are no
    longer those that were approved.
    """
    refuse_early(payment_list, sender.programme, at)
    if stored_digest(payment_list.pk) != payment_list.sha256:
        raise problem("payments.list_changed", number=payment_list.number)
    files = [_dispatch_file(payment_list, bank, part, sender, at) for bank, part in _parts(payment_list)]
    _mark_sent(payment_list)
    post_release(payment_list_id=payment_list.pk, at=at)
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
    values = _payment_file(file, sender)
    file.sha256 = hashlib.sha256(pain001.write(values)).hexdigest()
    file.transactions, file.control_sum_paisa = values.totals()
    file.save(force_insert=True)
    Outbox.objects.create(bank_file=file)
    return file


def _mark_sent(payment_list: PaymentList) -> None:
    bulk.execute(
        "UPDATE payments_payment SET status = 'sent' WHERE payment_list_id = %s AND status = 'prepared'",
        [payment_list.pk],
    )


def render(file: BankFile, sender: Sender) -> bytes:
    """Return the bytes of a bank file, the same at every call for the same payments."""
    return pain001.write(_payment_file(file, sender))


def _payment_file(file: BankFile, sender: Sender) -> PaymentFile:
    """Return the file's values: one block per payment phase, executed on the phase's day."""
    programme, tranche = sender.programme, file.payment_list.cycle.tranche
    banks = banks_by_code(programme)
    phases = {phase.code: phase for phase in file.payment_list.cycle.phases.all()}
    created_on = local_day(file.created_at)
    blocks = [
        Block(
            payment_information_id=f"{file.message_id}-{number}",
            execution_date=max(created_on, phases[phase].starts_on),
            instructions=[_instruction(row, programme, tranche, sender.sealer) for row in rows],
        )
        for number, (phase, rows) in enumerate(_by_phase(_rows(file), list(phases)), start=1)
    ]
    return PaymentFile(
        message_id=file.message_id,
        created_at=file.created_at,
        debtor_name=programme.banks.debtor_name,
        debtor_iban=programme.banks.debtor_iban,
        debtor_bic=programme.banks.debtor_bic,
        bank_bic=banks[file.bank].bic,
        blocks=blocks,
    )


def _rows(file: BankFile) -> list[_Row]:
    return [
        _Row(*row)
        for row in bulk.rows(
            """
            SELECT e.phase, p.identity, p.amount_paisa, person.name_en, a.iban_sealed, a.bank_bic,
                a.synthetic OR person.identity_synthetic
            FROM payments_payment AS p JOIN payments_entitlement AS e ON e.id = p.entitlement_id
            JOIN enrolment_account AS a ON a.id = p.account_id
            JOIN enrolment_beneficiary AS b ON b.id = e.beneficiary_id JOIN registry_person AS person ON person.id = b.payee_id
            WHERE p.payment_list_id = %s AND p.bank = %s AND p.part = %s ORDER BY p.identity
            """,
            [file.payment_list_id, file.bank, file.part],
        )
    ]


def _by_phase(rows: Iterable[_Row], phases: list[str]) -> list[tuple[str, list[_Row]]]:
    """Return the rows by phase, phases in the order of the cycle."""
    order = {code: position for position, code in enumerate(phases)}
    ordered = sorted(rows, key=lambda row: (order[row.phase], row.identity))
    return [(phase, list(group)) for phase, group in groupby(ordered, key=lambda row: row.phase)]


def _instruction(row: _Row, programme: Programme, tranche: str, sealer: Sealer) -> Instruction:
    return Instruction(
        end_to_end_id=row.identity,
        amount_paisa=row.amount_paisa,
        creditor_name=row.name_en,
        creditor_iban=sealer.unseal(bytes(row.iban_sealed), IBAN_PURPOSE),
        creditor_bic=row.bic,
        remittance=f"{programme.label.en} {tranche}"[: 140 - len(_SYNTHETIC)]
        + (_SYNTHETIC if row.synthetic else ""),
    )


def send_outbox(*, sender: Sender, at: datetime, progress: Progress = silent) -> list[Path]:
    """Write every bank file that waits to `outgoing`/<bank>/<message id>.xml; return the paths written.

    Only files of cycles opened under the sender's programme: another would render them to other bytes. Two senders at once share the work. Raises `payments.file_changed` when a file is no longer what was dispatched.
    """
    written: list[Path] = []
    own = Outbox.objects.filter(
        sent_at__isnull=True,
        bank_file__payment_list__cycle__programme_sha256=sender.programme.sha256,
    )
    waiting = list(own.order_by("bank_file_id").values_list("pk", flat=True))
    for number, key in enumerate(waiting, start=1):
        with transaction.atomic():
            row = (
                Outbox.objects.select_for_update(skip_locked=True, of=("self",))
                .select_related("bank_file__payment_list__cycle")
                .filter(pk=key, sent_at__isnull=True)
                .first()
            )
            if row is None:
                continue
            written.append(_send(row, sender))
            row.attempts += 1
            row.sent_at = at
            row.save(update_fields=["attempts", "sent_at"])
            post_sent(bank_file_ids=[key], at=at)
        progress(number / len(waiting))
    progress(1.0)
    return written


def _send(row: Outbox, sender: Sender) -> Path:
    content = render(row.bank_file, sender)
    if hashlib.sha256(content).hexdigest() != row.bank_file.sha256:
        raise problem("payments.file_changed", file=row.bank_file.message_id)
    path = outgoing_path(row.bank_file, sender.outgoing)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return path


def outgoing_path(file: BankFile, outgoing: Path) -> Path:
    """Return where a bank file lies once it was sent."""
    return outgoing / file.bank / f"{file.message_id}.xml"
