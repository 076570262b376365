"""Takes in what happens to accounts at the bank: activation visits, blocks, closings; and closes what nobody came for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from django.contrib.auth.models import User
from django.db import transaction

from kafalat.audit import services as audit
from kafalat.core.identifiers import parse_iban
from kafalat.core.problems import problem
from kafalat.core.sealing import Sealer
from kafalat.enrolment.access import access_account_work
from kafalat.enrolment.answers import judge_titles, keep_file
from kafalat.enrolment.csv_files import parse_day, parsed, read_lines, wrong
from kafalat.enrolment.enrol import ACCOUNTS_LOCK, IBAN_PURPOSE
from kafalat.enrolment.models import Account
from kafalat.enrolment.rules import bank_of, rules_of
from kafalat.enrolment.titles import similarity
from kafalat.policy.model import Programme
from kafalat.registry import bulk

COLUMNS = ("iban", "event", "on", "method", "reference", "reason")
# What a bank may report, and the states of an account in which it can have happened.
EVENTS = {
    "titled": ("opened",),
    "activated": ("inactive",),
    "blocked": ("inactive", "active"),
    "unblocked": ("blocked",),
    "closed": ("opened", "inactive", "active", "blocked"),
}
METHODS = ("biometric", "verisys")
_AFTER = {
    "titled": "opened",
    "activated": "active",
    "blocked": "blocked",
    "unblocked": "active",
    "closed": "closed",
}
_BATCH_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class _Notice:
    line: int
    iban: str
    event: str
    on: date
    method: str
    reference: str
    reason: str


def receive_account_notices(
    *, path: Path, bank: str, programme: Programme, sealer: Sealer, user: User, at: datetime
) -> dict[str, int]:
    """Take in a bank's file of notices (CSV, columns `COLUMNS`); return how many of each event. Whole or not at all.

    An activation says by which method the holder was recognised at the branch, biometric or Verisys, with its reference; of an
    account that a change brought, `titled` gives the title, in the column of reasons.
    Raises `accounts.file_known`, and `accounts.file_invalid` with the first wrong line.
    """
    access_account_work(user)
    rules, its = rules_of(programme), bank_of(programme, bank)
    if not path.is_file():
        raise problem("input.not_found", path=path)
    with transaction.atomic():
        bulk.execute("SELECT pg_advisory_xact_lock(%s)", [ACCOUNTS_LOCK])
        keep_file(path, bank, _stage(path, sealer, at.date()), user, at)
        _refuse_disagreement(path, its.code)
        _take_titles()
        least = rules.opening.title_similarity_min
        judge_titles({"by": user.get_username(), "at": at, "least": least})
        bulk.execute(
            """
            UPDATE enrolment_account AS a SET status = s.after, status_reason = s.reason, status_by = %s, status_at = %s,
                closed_on = CASE WHEN s.after = 'closed' THEN s.day END,
                activation = CASE WHEN s.event = 'activated' THEN s.method ELSE a.activation END,
                activation_reference = CASE WHEN s.event = 'activated' THEN s.reference ELSE a.activation_reference END
            FROM account_notice AS s WHERE a.iban_sealed = s.iban AND s.event <> 'titled'
            """,
            [user.get_username(), at],
        )
        counts: dict[str, int] = dict(
            bulk.rows("SELECT event, count(*) FROM account_notice GROUP BY event ORDER BY event")
        )
        audit.record(
            at=at,
            actor=user.get_username(),
            action="account_notices_received",
            object_kind="bank",
            object_id=bank,
            detail={"file": path.name, **counts},
        )
    return counts


def _take_titles() -> None:
    """Write the titles that came, with how alike each is to its payee's name."""
    found = bulk.rows(
        "SELECT a.id, p.name_en, s.reason FROM account_notice AS s JOIN enrolment_account AS a ON a.iban_sealed = s.iban "
        "JOIN registry_person AS p ON p.id = a.payee_id WHERE s.event = 'titled'"
    )
    bulk.execute(
        "UPDATE enrolment_account AS a SET title = t.title, title_similarity = t.alike "
        "FROM unnest(%s::bigint[], %s::text[], %s::int[]) AS t (id, title, alike) WHERE t.id = a.id",
        [
            [account for account, _, _ in found],
            [title for _, _, title in found],
            [similarity(name, title) for _, name, title in found],
        ],
    )


def _stage(path: Path, sealer: Sealer, today: date) -> int:
    bulk.execute(
        """
        CREATE TEMPORARY TABLE account_notice (line int, iban bytea, event text, after text, day date, method text, reference text,
            reason text) ON COMMIT DROP
        """
    )
    batch: list[_Notice] = []
    count = 0
    for line, values in read_lines(path, COLUMNS):
        batch.append(_notice(path, line, values, today))
        count += 1
        if len(batch) == _BATCH_ROWS:
            _keep(batch, sealer)
            batch = []
    _keep(batch, sealer)
    if count == 0:
        raise wrong(path.name, 1, "no notice follows the heading", "سرخی کے بعد کوئی اطلاع نہیں")
    return count


def _notice(path: Path, line: int, values: dict[str, str], today: date) -> _Notice:
    event, method, reference = values["event"].lower(), values["method"].lower(), values["reference"]
    if event not in EVENTS:
        raise wrong(
            path.name,
            line,
            f"the event is none of {', '.join(EVENTS)}",
            f"اطلاع ان میں سے نہیں: {'، '.join(EVENTS)}",
        )
    day = parsed(path, line, values["on"], parse_day, "the day", "تاریخ")
    if day > today:
        raise wrong(path.name, line, "the day is yet to come", "یہ تاریخ ابھی آئی نہیں")
    if event == "activated" and (method not in METHODS or not reference or len(reference) > 60):
        raise wrong(
            path.name,
            line,
            "an activation needs the method (biometric or verisys) and its reference",
            "فعال کرنے کے لیے طریقہ (biometric یا verisys) اور اس کا حوالہ ضروری ہے",
        )
    if event in {"titled", "blocked", "closed"} and not values["reason"]:
        raise wrong(path.name, line, "the bank gives no reason or title", "بینک نے وجہ یا عنوان نہیں لکھا")
    iban = parsed(path, line, values["iban"], parse_iban, "the IBAN", "IBAN")
    return _Notice(line, iban, event, day, method, reference, values["reason"] or method)


def _keep(batch: Sequence[_Notice], sealer: Sealer) -> None:
    if batch:
        bulk.execute(
            """
            INSERT INTO account_notice SELECT * FROM unnest(%s::int[], %s::bytea[], %s::text[], %s::text[], %s::date[], %s::text[],
                %s::text[], %s::text[])
            """,
            [
                [row.line for row in batch],
                sealer.seal_many([row.iban for row in batch], IBAN_PURPOSE),
                [row.event for row in batch],
                [_AFTER[row.event] for row in batch],
                [row.on for row in batch],
                [row.method for row in batch],
                [row.reference for row in batch],
                [row.reason for row in batch],
            ],
        )


def _refuse_disagreement(path: Path, bank: str) -> None:
    allowed = [f"{event}:{status}" for event, states in EVENTS.items() for status in states]
    for line, fault in bulk.rows(
        """
        SELECT line, fault FROM (
            SELECT s.line, CASE WHEN a.id IS NULL THEN 'unknown' WHEN s.event = 'titled' AND a.title <> '' THEN 'state' WHEN NOT (s.event || ':' || a.status = ANY(%s)) THEN 'state'
                WHEN s.event = 'unblocked' AND a.activation = '' THEN 'state' WHEN s.day < a.opened_on THEN 'early' END AS fault
            FROM account_notice AS s LEFT JOIN enrolment_account AS a ON a.iban_sealed = s.iban AND a.bank = %s
            UNION ALL SELECT max(line), 'twice' FROM account_notice GROUP BY iban HAVING count(*) > 1
        ) AS found WHERE fault IS NOT NULL ORDER BY line LIMIT 1
        """,
        [allowed, bank],
    ):
        raise wrong(path.name, line, *_FAULTS[fault])


_FAULTS = {
    "unknown": ("the IBAN is no account of ours at this bank", "اس بینک میں یہ IBAN ہمارا کوئی اکاؤنٹ نہیں"),
    "state": ("this cannot happen to the account as it stands", "اکاؤنٹ کی موجودہ حالت میں یہ نہیں ہو سکتا"),
    "early": ("the day lies before the account was opened", "یہ تاریخ اکاؤنٹ کھلنے سے پہلے کی ہے"),
    "twice": ("the account stands in the file twice", "یہ اکاؤنٹ فائل میں دو بار ہے"),
}


def decide_title(*, account_id: int, same: bool, reason: str, user: User, at: datetime) -> Account:
    """Say of a doubtful title whether it is the payee's name: then she may activate it, else the account is closed.

    Raises `accounts.title_decided` where the title does not wait, `accounts.reason_missing`.
    """
    access_account_work(user)
    if not reason.strip():
        raise problem("accounts.reason_missing")
    with transaction.atomic():
        account = Account.objects.select_for_update().filter(pk=account_id, title_status="doubtful").first()
        if account is None or account.closed_on is not None:
            raise problem("accounts.title_decided", number=account_id)
        account.title_status = Account.Title.MATCHED if same else Account.Title.REFUSED
        account.status = Account.Status.INACTIVE if same else Account.Status.CLOSED
        account.closed_on = None if same else at.date()
        account.status_reason, account.status_by, account.status_at = (
            reason.strip()[:200],
            user.get_username(),
            at,
        )
        account.save(
            update_fields=["title_status", "status", "closed_on", "status_reason", "status_by", "status_at"]
        )
        audit.record(
            at=at,
            actor=user.get_username(),
            action="title_decided",
            object_kind="account",
            object_id=account.pk,
            detail={"same": same, "reason": account.status_reason, "similarity": account.title_similarity},
        )
    return account


def close_unvisited(*, programme: Programme, today: date, user: User, at: datetime) -> int:
    """Close accounts whose holder never came within the programme's days; return how many. They may be asked for anew."""
    access_account_work(user)
    latest = today - timedelta(days=rules_of(programme).opening.close_after_days)
    with transaction.atomic():
        closed = bulk.execute(
            """
            UPDATE enrolment_account AS a SET status = 'closed', closed_on = %s, status_reason = 'not_visited', status_by = %s,
                status_at = %s
            FROM enrolment_beneficiary AS b WHERE b.id = a.beneficiary_id AND b.programme_code = %s
                AND a.status = 'inactive' AND a.opened_on <= %s
            """,
            [today, user.get_username(), at, programme.code, latest],
        )
        if closed:
            audit.record(
                at=at,
                actor=user.get_username(),
                action="accounts_closed_unvisited",
                object_kind="programme",
                object_id=programme.code,
                detail={"accounts": closed},
            )
    return closed
