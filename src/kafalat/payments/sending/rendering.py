"""Renders a bank file from its payments as a stream: the same bytes at every rendering, in memory a batch at a time.

A bank file is never stored in the database; its digest is. Counts and sums, which the file opens with, are the row's own
and come from the database; the writer refuses to end a file whose payments did not come to them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import timedelta
from io import BytesIO
from typing import Final, Protocol

from django.db import connection
from django.utils.timezone import localtime

from kafalat.adapters.iso20022 import pain001
from kafalat.adapters.iso20022.pain001 import BlockHead, FileHead, Payment
from kafalat.core.quarters import parse_quarter
from kafalat.core.sealing import Sealer
from kafalat.enrolment.enrol import IBAN_PURPOSE
from kafalat.payments.models import BankFile
from kafalat.policy.geography import banks_by_code, phases_in_force
from kafalat.policy.model import Programme
from kafalat.registry import bulk

# Stands in a bank file beside every payment whose payee or account was generated.
_SYNTHETIC: Final = " - SYNTHETIC"
_BATCH: Final = 5_000
# A file from before phases had lists of their own left under two approvals, with a block for each phase of its families.
_SEATS_OF_OLDER: Final = 2


class Writable(Protocol):
    """Whatever takes bytes."""

    def write(self, chunk: bytes, /) -> object:
        """Take `chunk`."""
        ...


class Renderer(Protocol):
    """What it takes to render a bank file: the programme it pays under, and the key to the IBANs."""

    @property
    def programme(self) -> Programme:
        """The programme the file's cycle was opened under: another would render other bytes."""
        ...

    @property
    def sealer(self) -> Sealer:
        """What opens the accounts' IBANs."""
        ...


def totals(file: BankFile) -> tuple[int, int]:
    """Return the number of payments that go into a bank file, and their sum in paisa."""
    ((count, paisa),) = bulk.rows(
        "SELECT count(*), COALESCE(sum(amount_paisa), 0)::bigint FROM payments_payment "
        "WHERE payment_list_id = %s AND bank = %s AND part = %s",
        [file.payment_list_id, file.bank, file.part],
    )
    return int(count), int(paisa)


def render_to(file: BankFile, renderer: Renderer, out: Writable | None = None) -> str:
    """Write a bank file to `out`, or nowhere, and return the SHA-256 of its bytes. Call within a transaction.

    Raises ValueError where the payments do not come to the file's totals.
    """
    digest = hashlib.sha256()
    for chunk in _chunks(file, renderer):
        digest.update(chunk)
        if out is not None:
            out.write(chunk)
    return digest.hexdigest()


def render(file: BankFile, renderer: Renderer) -> bytes:
    """Return the bytes of a bank file that is known to be small."""
    out = BytesIO()
    render_to(file, renderer, out)
    return out.getvalue()


def _chunks(file: BankFile, renderer: Renderer) -> Iterator[bytes]:
    """One block: a list is of one phase. It is executed on the phase's day, or on the day the bank can, if that is later."""
    programme, payment_list = renderer.programme, file.payment_list
    older = file.seats == _SEATS_OF_OLDER
    created_at = file.created_at if older else localtime(file.created_at)
    profile = programme.bank_profiles[file.bank]
    head = FileHead(
        message_id=file.message_id,
        created_at=created_at,
        debtor_name=programme.banks.debtor_name,
        debtor_iban=programme.banks.debtor_iban,
        debtor_bic=programme.banks.debtor_bic,
        bank_bic=banks_by_code(programme)[file.bank].bic,
        count=file.transactions,
        sum_paisa=file.control_sum_paisa,
    )
    if older:
        chunks = pain001.chunks(head, _older_blocks(file, renderer), profile.form)
        return (chunk.replace(b"</Document>\n", b"</Document>") for chunk in chunks)
    phase = payment_list.cycle.phases.get(code=payment_list.phase)
    block = BlockHead(
        payment_information_id=f"{file.message_id}-1",
        execution_date=max(profile.executed_on(created_at), phase.starts_on),
        count=file.transactions,
        sum_paisa=file.control_sum_paisa,
    )
    return pain001.chunks(head, [(block, _payments(file, renderer))], profile.form)


def _older_blocks(
    file: BankFile, renderer: Renderer
) -> Iterator[tuple[BlockHead, Iterator[Sequence[Payment]]]]:
    """Yield one block for each phase, in the programme's order, executed so many days after the file was made."""
    tranche = parse_quarter(file.payment_list.cycle.tranche)
    sums = {
        phase: (count, paisa)
        for phase, count, paisa in bulk.rows(
            "SELECT e.phase, count(*), sum(p.amount_paisa)::bigint FROM payments_payment AS p "
            "JOIN payments_entitlement AS e ON e.id = p.entitlement_id WHERE p.payment_list_id = %s AND p.bank = %s GROUP BY 1",
            [file.payment_list_id, file.bank],
        )
    }
    phases = [
        phase for phase in phases_in_force(renderer.programme, tranche.first_day()) if phase.code in sums
    ]
    for number, phase in enumerate(phases, start=1):
        count, paisa = sums[phase.code]
        block = BlockHead(
            payment_information_id=f"{file.message_id}-{number}",
            execution_date=(file.created_at + timedelta(days=phase.starts_after_days)).date(),
            count=count,
            sum_paisa=paisa,
        )
        yield block, _payments(file, renderer, phase.code)


def _payments(file: BankFile, renderer: Renderer, phase: str | None = None) -> Iterator[Sequence[Payment]]:
    """Yield the payments, of one phase or all, in batches from a cursor that stays at the server; IBANs are opened batch by batch."""
    room = renderer.programme.bank_profiles[file.bank].remittance_max - len(_SYNTHETIC)
    text = f"{renderer.programme.label.en} {file.payment_list.cycle.tranche}"[: max(0, room)]
    remittance = {False: text, True: text + _SYNTHETIC}
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            """
            SELECT p.identity, p.amount_paisa, person.name_en, a.iban_sealed, a.bank_bic,
                a.synthetic OR person.identity_synthetic
            FROM payments_payment AS p JOIN payments_entitlement AS e ON e.id = p.entitlement_id
            JOIN enrolment_account AS a ON a.id = p.account_id
            JOIN enrolment_beneficiary AS b ON b.id = e.beneficiary_id
            JOIN registry_person AS person ON person.id = b.payee_id
            WHERE p.payment_list_id = %s AND p.bank = %s AND p.part = %s AND (%s::text IS NULL OR e.phase = %s)
            ORDER BY p.identity
            """,
            [file.payment_list_id, file.bank, file.part, phase, phase],
        )
        while rows := cursor.fetchmany(_BATCH):
            ibans = renderer.sealer.unseal_many([row[3] for row in rows], IBAN_PURPOSE)
            yield [
                (identity, paisa, name, iban, bic, remittance[synthetic])
                for (identity, paisa, name, _, bic, synthetic), iban in zip(rows, ibans, strict=True)
            ]
