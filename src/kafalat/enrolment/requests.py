"""Asks banks to open accounts: one file per bank with the identity of every payee who has none (Sahulat account).

The registry holds an age, not a day of birth, and a place, not a street: the file gives the year of birth as the
interview puts it, and tehsil and district.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from django.contrib.auth.models import User
from django.db import transaction

from kafalat.adapters.iso20022.charset import bank_text
from kafalat.audit import services as audit
from kafalat.core.problems import problem
from kafalat.core.progress import Progress, silent
from kafalat.core.sealing import Sealer
from kafalat.enrolment.access import access_account_work
from kafalat.enrolment.enrol import ACCOUNTS_LOCK
from kafalat.enrolment.models import AccountFile
from kafalat.enrolment.rules import rules_of
from kafalat.policy.geography import bank_by_place
from kafalat.policy.model import Programme
from kafalat.registry import bulk
from kafalat.registry.selectors import CNIC_PURPOSE, MOBILE_PURPOSE

COLUMNS = ("reference", "name", "cnic", "birth_year", "mobile", "tehsil", "district")
_NAME_MAX = 70
_BATCH_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class RequestFile:
    """A file of requests as it was written."""

    bank: str
    path: Path
    requests: int


# Active, with a card, without an account, nothing asked for and nothing refused: who was refused needs a person first.
_WANTING = """
    SELECT b.id AS beneficiary_id, b.payee_id, bank.value AS bank, h.place_id
    FROM enrolment_beneficiary AS b JOIN registry_person AS p ON p.id = b.payee_id
    JOIN registry_household AS h ON h.id = p.household_id
    LEFT JOIN jsonb_each_text(%(banks)s::jsonb) AS bank ON bank.key = h.place_id
    WHERE b.programme_code = %(programme)s AND b.status = 'active' AND p.cnic_sealed IS NOT NULL
        AND NOT EXISTS (SELECT FROM enrolment_account AS a WHERE a.beneficiary_id = b.id AND a.closed_on IS NULL)
        AND NOT EXISTS (SELECT FROM enrolment_accountrequest AS r WHERE r.beneficiary_id = b.id AND r.payee_id = b.payee_id
            AND (r.status IN ('requested', 'screened') OR (r.status = 'refused' AND NOT %(again)s)))
"""


def reference_of(request_id: int) -> str:
    """Return how a request is named in files exchanged with a bank."""
    return f"A{request_id:011d}"


def request_accounts(
    *,
    programme: Programme,
    sealer: Sealer,
    folder: Path,
    asked_on: date,
    user: User,
    at: datetime,
    again: bool = False,
    progress: Progress = silent,
) -> list[RequestFile]:
    """Ask the banks for an account for every active payee without one; return the files, written to `folder`/<bank>/.

    `again` also asks for those a bank refused before. All banks' files are written, or none. Raises the problems
    `access.refused`, `accounts.no_rules` and `enrolment.no_bank` (a place that belongs to no bank).
    """
    access_account_work(user)
    rules_of(programme)
    written: list[tuple[Path, RequestFile]] = []
    try:
        with transaction.atomic():
            bulk.execute("SELECT pg_advisory_xact_lock(%s)", [ACCOUNTS_LOCK])
            banks = _register(programme, asked_on, again, user, at)
            for number, (bank, (file_id, count)) in enumerate(sorted(banks.items()), 1):
                name = f"accounts-{asked_on.isoformat()}-{file_id}.csv"
                part, sha256 = _write(folder / bank / name, bank, file_id, programme, sealer)
                AccountFile.objects.create(
                    pk=file_id,
                    bank=bank,
                    direction="out",
                    name=name,
                    sha256=sha256,
                    lines=count,
                    at=at,
                    by=user.get_username(),
                )
                written.append((part, RequestFile(bank, folder / bank / name, count)))
                progress(number / len(banks))
            if written:
                audit.record(
                    at=at,
                    actor=user.get_username(),
                    action="accounts_requested",
                    object_kind="programme",
                    object_id=programme.code,
                    detail={"requests": {file.bank: file.requests for _, file in written}},
                )
        for part, file in written:
            part.replace(file.path)
    finally:
        for part, _ in written:
            part.unlink(missing_ok=True)
    return [file for _, file in written]


def _register(
    programme: Programme, asked_on: date, again: bool, user: User, at: datetime
) -> dict[str, tuple[int, int]]:
    """Write a request for each payee who wants an account; return by bank the number of its file and of requests."""
    wanted = {
        "programme": programme.code,
        "banks": json.dumps(bank_by_place(programme, asked_on)),
        "again": again,
    }
    counts: dict[str | None, tuple[int, str]] = {
        bank: (count, place)
        for bank, count, place in bulk.rows(
            f"SELECT bank, count(*), min(place_id) FROM ({_WANTING}) AS w GROUP BY bank", wanted
        )
    }
    if None in counts:
        raise problem("enrolment.no_bank", place=counts[None][1])
    if not counts:
        return {}
    first = bulk.reserve_ids("enrolment_accountfile", len(counts))
    files = {str(bank): first + place for place, bank in enumerate(sorted(map(str, counts)))}
    about = {
        bank.code: {"bic": bank.bic, "channel": bank.channel, "file": files.get(bank.code)}
        for bank in programme.banks.banks
    }
    bulk.execute(
        f"""
        INSERT INTO enrolment_accountrequest (beneficiary_id, payee_id, bank, bank_bic, channel, file_id, status, status_reason,
            status_by, status_at, requested_at)
        SELECT w.beneficiary_id, w.payee_id, w.bank, about.value->>'bic', about.value->>'channel',
            (about.value->>'file')::bigint, 'requested', '', %(by)s, %(at)s, %(at)s
        FROM ({_WANTING}) AS w JOIN jsonb_each(%(about)s::jsonb) AS about ON about.key = w.bank
        ORDER BY w.beneficiary_id
        """,
        {**wanted, "about": json.dumps(about), "by": user.get_username(), "at": at},
    )
    return {str(bank): (files[str(bank)], count) for bank, (count, _) in counts.items()}


def write_requests(*, file: AccountFile, path: Path, programme: Programme, sealer: Sealer) -> None:
    """Write a file of requests again from the database, as after a stop before it was put in its folder."""
    part, _ = _write(path, file.bank, file.pk, programme, sealer)
    part.replace(path)


def _write(path: Path, bank: str, file_id: int, programme: Programme, sealer: Sealer) -> tuple[Path, str]:
    """Write a file that only its owner can read beside `path`; return where, and its SHA-256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    digest = hashlib.sha256()
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        for chunk in _chunks(bank, file_id, programme, sealer):
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return part, digest.hexdigest()


def _chunks(bank: str, file_id: int, programme: Programme, sealer: Sealer) -> Iterator[bytes]:
    """Yield the lines of a file in batches, in the characters and lengths the bank takes."""
    profile = programme.bank_profiles.get(bank)
    names = {place.pcode: place for place in programme.places}
    yield (",".join(COLUMNS) + "\n").encode()
    last = 0
    while batch := bulk.rows(
        """
        SELECT r.id, p.name_en, p.cnic_sealed, p.mobile_sealed, extract(year FROM h.interviewed_on)::int - p.age_years, h.place_id
        FROM enrolment_accountrequest AS r JOIN registry_person AS p ON p.id = r.payee_id
        JOIN registry_household AS h ON h.id = p.household_id
        WHERE r.file_id = %s AND r.id > %s ORDER BY r.id LIMIT %s
        """,
        [file_id, last, _BATCH_ROWS],
    ):
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        for request_id, name, cnic, mobile, birth_year, pcode in batch:
            place = names[pcode]
            above = names.get(place.parent or "")
            tehsil, district = (place, above) if place.level == "tehsil" else (None, place)
            writer.writerow(
                (
                    reference_of(request_id),
                    bank_text(name, profile.name_max, profile.charset)
                    if profile
                    else bank_text(name, _NAME_MAX),
                    sealer.unseal(bytes(cnic), CNIC_PURPOSE),
                    birth_year,
                    "" if mobile is None else sealer.unseal(bytes(mobile), MOBILE_PURPOSE),
                    "" if tehsil is None else tehsil.name.en,
                    "" if district is None else district.name.en,
                )
            )
        yield text.getvalue().encode()
        last = batch[-1][0]
