"""Enrols the families a run found eligible and opens an account for each payee at the bank of her place."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime

from django.db import transaction

from kafalat.audit import services as audit
from kafalat.core.problems import problem
from kafalat.core.progress import Progress, silent
from kafalat.core.sealing import Sealer
from kafalat.policy.geography import bank_by_place, banks_by_code
from kafalat.policy.model import Programme
from kafalat.registry import bulk
from kafalat.targeting.models import Run

IBAN_PURPOSE = "account.iban"
_BATCH_ROWS = 20_000
# A beneficiary's first account has her own number, the next ones so much more each: no two accounts share one.
_ACCOUNTS_APART = 10**12
# Gives the IBAN of a new account: (the bank's four letters, a number no other account has).
IbanIssuer = Callable[[str, int], str]


def enrol(*, run: Run, enrolled_on: date, actor: str, at: datetime) -> int:
    """Enrol every family of the run that has a payee and is not enrolled yet; return how many were added."""
    with transaction.atomic():
        added = bulk.execute(
            """
            INSERT INTO enrolment_beneficiary (programme_code, family_id, payee_id, payee_rule, run_id, status, enrolled_on)
            SELECT r.programme_code, p.family_id, p.person_id, p.reason, r.id, 'active', %s
            FROM targeting_familypayee AS p JOIN targeting_run AS r ON r.id = p.run_id
            WHERE p.run_id = %s AND p.person_id IS NOT NULL
            ORDER BY p.family_id
            ON CONFLICT DO NOTHING
            """,
            [enrolled_on, run.pk],
        )
        if added:
            audit.record(
                at=at,
                actor=actor,
                action="families_enrolled",
                object_kind="run",
                object_id=run.pk,
                detail={"families": added},
            )
    return added


def open_accounts(
    *,
    programme: Programme,
    sealer: Sealer,
    issue_iban: IbanIssuer,
    synthetic: bool,
    opened_on: date,
    actor: str,
    at: datetime,
    progress: Progress = silent,
) -> int:
    """Open an account for every active beneficiary without one; return how many were opened.

    Her bank is that of the cluster naming her household's place or its nearest ancestor. Raises the problem
    `enrolment.no_bank` when a place belongs to no cluster; nothing is opened then.
    """
    banks = banks_by_code(programme)
    places = bank_by_place(programme, opened_on)
    with transaction.atomic():
        waiting = bulk.rows(
            """
            SELECT b.id + %s * (SELECT count(*) FROM enrolment_account AS a WHERE a.beneficiary_id = b.id), b.id, h.place_id
            FROM enrolment_beneficiary AS b
            JOIN registry_family AS f ON f.id = b.family_id JOIN registry_household AS h ON h.id = f.household_id
            WHERE b.programme_code = %s AND b.status = 'active'
                AND NOT EXISTS (SELECT FROM enrolment_account AS a WHERE a.beneficiary_id = b.id AND a.closed_on IS NULL)
            ORDER BY b.id
            """,
            [_ACCOUNTS_APART, programme.code],
        )
        for start in range(0, len(waiting), _BATCH_ROWS):
            batch = waiting[start : start + _BATCH_ROWS]
            unserved = next((place for _, _, place in batch if place not in places), None)
            if unserved is not None:
                raise problem("enrolment.no_bank", place=unserved)
            codes = [places[place] for _, _, place in batch]
            ibans = [
                issue_iban(banks[code].iban_code, number)
                for code, (number, _, _) in zip(codes, batch, strict=True)
            ]
            _insert_accounts(
                [beneficiary for _, beneficiary, _ in batch],
                codes,
                ibans,
                programme,
                sealer,
                synthetic,
                opened_on,
            )
            progress((start + len(batch)) / len(waiting))
        if waiting:
            audit.record(
                at=at,
                actor=actor,
                action="accounts_opened",
                object_kind="programme",
                object_id=programme.code,
                detail={"accounts": len(waiting), "synthetic": synthetic},
            )
    progress(1.0)
    return len(waiting)


def _insert_accounts(
    beneficiaries: list[int],
    codes: list[str],
    ibans: list[str],
    programme: Programme,
    sealer: Sealer,
    synthetic: bool,
    opened_on: date,
) -> None:
    about = {bank.code: {"bic": bank.bic, "channel": bank.channel} for bank in programme.banks.banks}
    bulk.execute(
        """
        INSERT INTO enrolment_account (beneficiary_id, bank, bank_bic, channel, iban_sealed, iban_last4, synthetic, opened_on)
        SELECT new.beneficiary, new.bank, about.value->>'bic', about.value->>'channel', new.sealed, new.last4, %s, %s
        FROM unnest(%s::bigint[], %s::text[], %s::bytea[], %s::text[]) AS new (beneficiary, bank, sealed, last4)
        JOIN jsonb_each(%s::jsonb) AS about ON about.key = new.bank
        """,
        [
            synthetic,
            opened_on,
            beneficiaries,
            codes,
            sealer.seal_many(ibans, IBAN_PURPOSE),
            [iban[-4:] for iban in ibans],
            json.dumps(about),
        ],
    )
