"""Takes in what banks answer to requests for accounts: screened, refused, or opened with IBAN and title. Whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from django.contrib.auth.models import User
from django.db import transaction

from kafalat.adapters.iso20022.charset import bank_text
from kafalat.audit import services as audit
from kafalat.core.digests import file_sha256
from kafalat.core.identifiers import parse_iban, parse_mobile
from kafalat.core.problems import problem
from kafalat.core.progress import Progress, silent, span
from kafalat.core.sealing import Sealer
from kafalat.enrolment.access import access_account_work
from kafalat.enrolment.csv_files import lines_of, parsed, read_lines, wrong
from kafalat.enrolment.enrol import ACCOUNTS_LOCK, IBAN_PURPOSE
from kafalat.enrolment.models import AccountFile
from kafalat.enrolment.rules import bank_of, rules_of
from kafalat.enrolment.titles import similarity
from kafalat.policy.model import Bank, Programme
from kafalat.registry import bulk
from kafalat.registry.selectors import MOBILE_PURPOSE

COLUMNS = ("reference", "outcome", "iban", "title", "mobile", "reason")
OUTCOMES = ("screened", "refused", "opened")
_REFERENCE = re.compile(r"\AA([0-9]{11})\Z")
_BATCH_ROWS = 20_000
_NAME_MAX = 140


@dataclass(frozen=True, slots=True)
class Taken:
    """What an answer of a bank came to: accounts whose title matched wait for the visit, doubtful ones for a person."""

    screened: int
    refused: int
    opened: int
    doubtful: int


@dataclass(frozen=True, slots=True)
class _Line:
    line: int
    request_id: int
    outcome: str
    iban: str | None
    mobile: str | None
    title: str
    reason: str


def receive_account_answers(
    *,
    path: Path,
    bank: str,
    programme: Programme,
    sealer: Sealer,
    received_on: date,
    user: User,
    at: datetime,
    progress: Progress = silent,
) -> Taken:
    """Take in one answer file of a bank (CSV, columns `COLUMNS`), set-based.

    Raises `accounts.file_known` for a file that came before, `accounts.file_invalid` with its first wrong line: a
    request that is not this bank's or has ended, the same request, IBAN or SIM twice, an IBAN of another bank or with
    wrong check digits. Nothing of the file is taken in then.
    """
    access_account_work(user)
    rules, its = rules_of(programme), bank_of(programme, bank)
    if not path.is_file():
        raise problem("input.not_found", path=path)
    with transaction.atomic():
        bulk.execute("SELECT pg_advisory_xact_lock(%s)", [ACCOUNTS_LOCK])
        lines = _stage(path, its, programme, sealer, span(progress, 0.0, 0.6))
        keep_file(path, bank, lines, user, at)
        _refuse_disagreement(path, bank)
        progress(0.7)
        parameters = {
            "by": user.get_username(),
            "at": at,
            "on": received_on,
            "least": rules.opening.title_similarity_min,
        }
        taken = _apply(parameters)
        progress(0.95)
        audit.record(
            at=at,
            actor=user.get_username(),
            action="account_answers_received",
            object_kind="bank",
            object_id=bank,
            detail={"file": path.name, "screened": taken.screened, "refused": taken.refused}
            | {"opened": taken.opened, "doubtful": taken.doubtful},
        )
    return taken


def keep_file(path: Path, bank: str, lines: int, user: User, at: datetime) -> None:
    """Record a file that came from a bank. Raises the problem `accounts.file_known`; call under the accounts' lock."""
    sha256 = file_sha256(path)
    if AccountFile.objects.filter(bank=bank, direction="in", sha256=sha256).exists():
        raise problem("accounts.file_known", file=path.name, bank=bank)
    AccountFile.objects.create(
        bank=bank,
        direction="in",
        name=path.name[:120],
        sha256=sha256,
        lines=lines,
        at=at,
        by=user.get_username(),
    )


def _stage(path: Path, bank: Bank, programme: Programme, sealer: Sealer, progress: Progress) -> int:
    """Make the temporary table `account_answer` of the file's lines, with the similarity of each title."""
    bulk.execute(
        """
        CREATE TEMPORARY TABLE account_answer (line int, request_id bigint, outcome text, iban bytea, last4 text, mobile bytea,
            title text, reason text, similarity int) ON COMMIT DROP
        """
    )
    profile = programme.bank_profiles.get(bank.code)
    name_max = profile.name_max if profile else _NAME_MAX
    batch: list[_Line] = []
    count, lines = 0, lines_of(path)
    for line, values in read_lines(path, COLUMNS):
        batch.append(_line(path, line, values, bank))
        count += 1
        if len(batch) == _BATCH_ROWS:
            _keep(batch, sealer, name_max)
            batch = []
            progress(min(line, lines) / lines)
    _keep(batch, sealer, name_max)
    progress(1)
    if count == 0:
        raise wrong(path.name, 1, "no answer follows the heading", "سرخی کے بعد کوئی جواب نہیں")
    return count


def _line(path: Path, line: int, values: dict[str, str], bank: Bank) -> _Line:
    match = _REFERENCE.match(values["reference"])
    if match is None:
        raise wrong(path.name, line, "the reference is none of ours", "حوالہ ہمارا نہیں")
    outcome = values["outcome"].lower()
    if outcome not in OUTCOMES:
        raise wrong(
            path.name,
            line,
            f"the outcome is none of {', '.join(OUTCOMES)}",
            f"نتیجہ ان میں سے نہیں: {'، '.join(OUTCOMES)}",
        )
    reason, iban, mobile = values["reason"], None, None
    if outcome == "refused" and not reason:
        raise wrong(path.name, line, "a refusal gives no reason", "انکار کی وجہ نہیں لکھی")
    if outcome == "opened":
        iban = parsed(path, line, values["iban"], parse_iban, "the IBAN", "IBAN")
        if iban[4:8] != bank.iban_code:
            raise wrong(path.name, line, "the IBAN is of another bank", "IBAN کسی اور بینک کا ہے")
        if not values["title"]:
            raise wrong(path.name, line, "the account has no title", "اکاؤنٹ کا عنوان نہیں")
        if values["mobile"]:
            mobile = parsed(path, line, values["mobile"], parse_mobile, "the mobile number", "موبائل نمبر")
    return _Line(line, int(match.group(1)), outcome, iban, mobile, values["title"], reason)


def _keep(batch: Sequence[_Line], sealer: Sealer, name_max: int) -> None:
    if not batch:
        return
    names = dict(
        bulk.rows(
            "SELECT r.id, p.name_en FROM enrolment_accountrequest AS r JOIN registry_person AS p ON p.id = r.payee_id "
            "WHERE r.id = ANY(%s)",
            [[row.request_id for row in batch if row.title]],
        )
    )
    # A bank that cuts long names cuts its titles too: what is compared is the name as it was sent.
    alike = [
        similarity(bank_text(names.get(row.request_id, ""), name_max), bank_text(row.title, name_max))
        for row in batch
    ]
    bulk.execute(
        """
        INSERT INTO account_answer SELECT * FROM unnest(%s::int[], %s::bigint[], %s::text[], %s::bytea[], %s::text[], %s::bytea[],
            %s::text[], %s::text[], %s::int[])
        """,
        [
            [row.line for row in batch],
            [row.request_id for row in batch],
            [row.outcome for row in batch],
            sealer.seal_many([row.iban for row in batch], IBAN_PURPOSE),
            ["" if row.iban is None else row.iban[-4:] for row in batch],
            sealer.seal_many([row.mobile for row in batch], MOBILE_PURPOSE),
            [row.title for row in batch],
            [row.reason for row in batch],
            alike,
        ],
    )


# The first line with which something does not agree, and what.
_DISAGREEMENT = """
    SELECT line, fault FROM (
        SELECT s.line, CASE WHEN r.id IS NULL THEN 'unknown' WHEN r.status NOT IN ('requested', 'screened') THEN 'ended' END AS fault
        FROM account_answer AS s LEFT JOIN enrolment_accountrequest AS r ON r.id = s.request_id AND r.bank = %s
        UNION ALL SELECT max(line), 'twice' FROM account_answer GROUP BY request_id HAVING count(*) > 1
        UNION ALL SELECT max(line), 'iban' FROM account_answer WHERE iban IS NOT NULL GROUP BY iban HAVING count(*) > 1
        UNION ALL SELECT max(line), 'sim' FROM account_answer WHERE mobile IS NOT NULL GROUP BY mobile HAVING count(*) > 1
        UNION ALL SELECT s.line, 'iban' FROM account_answer AS s JOIN enrolment_account AS a ON a.iban_sealed = s.iban
        UNION ALL SELECT s.line, 'sim' FROM account_answer AS s JOIN enrolment_account AS a
            ON a.mobile_sealed = s.mobile AND a.channel = 'wallet' AND a.closed_on IS NULL
    ) AS found WHERE fault IS NOT NULL ORDER BY line LIMIT 1
"""
_FAULTS = {
    "unknown": ("the request is none of this bank's", "یہ درخواست اس بینک کی نہیں"),
    "ended": ("the request has ended already", "اس درخواست کا نتیجہ پہلے ہی آ چکا ہے"),
    "twice": ("the request stands in the file twice", "یہ درخواست فائل میں دو بار ہے"),
    "iban": ("the IBAN belongs to an account already", "یہ IBAN پہلے ہی کسی اکاؤنٹ کا ہے"),
    "sim": ("the mobile number belongs to a wallet already", "یہ موبائل نمبر پہلے ہی کسی والٹ کا ہے"),
}


def _refuse_disagreement(path: Path, bank: str) -> None:
    for line, fault in bulk.rows(_DISAGREEMENT, [bank]):
        raise wrong(path.name, line, *_FAULTS[fault])


def _apply(parameters: dict[str, object]) -> Taken:
    """Move the requests, open the accounts, and judge their titles: a statement each."""
    bulk.execute(
        """
        UPDATE enrolment_accountrequest AS r SET status = s.outcome, status_reason = s.reason, status_by = %(by)s, status_at = %(at)s
        FROM account_answer AS s WHERE s.request_id = r.id AND s.outcome <> r.status
        """,
        parameters,
    )
    bulk.execute(
        """
        INSERT INTO enrolment_account (beneficiary_id, payee_id, bank, bank_bic, channel, iban_sealed, iban_last4, mobile_sealed,
            synthetic, opened_on, request_id, status, status_by, status_at, title, title_status, title_similarity)
        SELECT r.beneficiary_id, r.payee_id, r.bank, r.bank_bic, r.channel, s.iban, s.last4,
            CASE WHEN r.channel = 'wallet' THEN coalesce(s.mobile, p.mobile_sealed) END,
            p.identity_synthetic, %(on)s, r.id, 'opened', %(by)s, %(at)s, s.title, 'pending', s.similarity
        FROM account_answer AS s JOIN enrolment_accountrequest AS r ON r.id = s.request_id
        JOIN registry_person AS p ON p.id = r.payee_id WHERE s.outcome = 'opened' ORDER BY r.id
        """,
        parameters,
    )
    judge_titles(parameters)
    ((screened, refused, opened, doubtful),) = bulk.rows(
        """
        SELECT count(*) FILTER (WHERE outcome = 'screened'), count(*) FILTER (WHERE outcome = 'refused'),
            count(*) FILTER (WHERE outcome = 'opened'), count(*) FILTER (WHERE outcome = 'opened' AND similarity < %(least)s)
        FROM account_answer
        """,
        parameters,
    )
    return Taken(screened, refused, opened, doubtful)


def judge_titles(parameters: dict[str, object]) -> None:
    """Let every pending title match or be doubtful by its similarity, and a matched account wait for its holder's visit."""
    bulk.execute(
        """
        UPDATE enrolment_account SET title_status = CASE WHEN title_similarity >= %(least)s THEN 'matched' ELSE 'doubtful' END,
            status_reason = title_similarity || ' / 100', status_by = %(by)s, status_at = %(at)s
        WHERE title_status = 'pending' AND closed_on IS NULL AND title_similarity IS NOT NULL
        """,
        parameters,
    )
    bulk.execute(
        """
        UPDATE enrolment_account SET status = 'inactive', status_reason = 'title_matched', status_by = %(by)s, status_at = %(at)s
        WHERE status = 'opened' AND title_status = 'matched'
        """,
        parameters,
    )
