"""Proves the books: the invariants of the promises, checked over everything that was ever posted, and where one is broken.

The rules are queries that must find nothing (`ledger_money`, `ledger_payments`, `ledger_acts`). Two more look outside
the tables: the audit log against its own seals and the last nightly checkpoint, and the bank files on disk.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

from django.db import transaction

from kafalat.audit import services as audit
from kafalat.audit.models import AuditEntry
from kafalat.audit.selectors import Checkpoint, checkpoint, verify
from kafalat.core.problems import Problem
from kafalat.core.text import Bilingual
from kafalat.payments.ledger import acts as ledger_acts
from kafalat.payments.ledger import money as ledger_money
from kafalat.payments.ledger import payments as ledger_payments
from kafalat.payments.ledger.rule import Broken, Check, Rule
from kafalat.payments.models import BankFile
from kafalat.payments.sending.outbox import outgoing_path
from kafalat.registry import bulk

RULES: tuple[Rule, ...] = (*ledger_money.RULES, *ledger_payments.RULES, *ledger_acts.RULES)
SHOWN = 5
CHECKED = "ledger_checked"

_LOG = Bilingual(
    en="the audit log is what was sealed, and extends the last checkpoint",
    ur="آڈٹ لاگ وہی ہے جو مہر ہوا تھا، اور پچھلے نشان سے آگے بڑھا ہے",
)
_FILES = Bilingual(
    en="every bank file that was sent lies there, unchanged",
    ur="بھیجی گئی ہر بینک فائل اپنی جگہ پر جوں کی توں ہے",
)


def statement(cycle_id: int | None = None) -> str:
    """Return one statement that asks every rule: the number of the rule, then the columns of `Broken`."""
    of_cycle = "" if cycle_id is None else f"WHERE cycle_id = {int(cycle_id)}"
    return " UNION ALL ".join(
        f"(SELECT {number} AS rule, cycle_id, list_id, file, payment, what FROM ({rule.query}) AS q {of_cycle} LIMIT {SHOWN})"
        for number, rule in enumerate(RULES)
    )


def check_rules(cycle_id: int | None = None) -> list[Check]:
    """Return every rule of the tables with the first places where it is broken, over all cycles or one."""
    return sorted_out(bulk.rows(statement(cycle_id).replace("%", "%%")))


def sorted_out(found: list[tuple[object, ...]]) -> list[Check]:
    """Return the rows of `statement` by rule, rules in the order of their codes."""
    broken: dict[object, list[Broken]] = {}
    for number, *place in found:
        broken.setdefault(number, []).append(Broken(*place))  # type: ignore[arg-type] # as the query's columns
    checks = [Check(rule.code, rule.says, tuple(broken.get(number, ()))) for number, rule in enumerate(RULES)]
    return sorted(checks, key=lambda check: int(check.code[1:]))


def check_ledger(*, outgoing: Path, cycle_id: int | None = None) -> list[Check]:
    """Return every invariant with what breaks it, over all cycles or one. `outgoing` holds the bank files sent."""
    return [*check_rules(cycle_id), check_log(), _check_files(outgoing, cycle_id)]


def check_log() -> Check:
    """Compare each entry of the audit log with its seal, and the log with the checkpoint of the last nightly check."""
    last = AuditEntry.objects.filter(action=CHECKED).order_by("-seq").values_list("detail", flat=True).first()
    mark = Checkpoint(size=0, root_hex=hashlib.sha256(b"").hexdigest())
    if last is not None:
        mark = Checkpoint(size=int(last["size"]), root_hex=str(last["root"]))
    try:
        verify(size=mark.size, root_hex=mark.root_hex)
    except Problem as refusal:
        return Check("I8", _LOG, (Broken(None, None, None, None, refusal.text("en")),))
    return Check("I8", _LOG, ())


def _check_files(outgoing: Path, cycle_id: int | None) -> Check:
    """Compare each file on disk with the digest it was dispatched with."""
    files = (
        BankFile.objects.filter(outbox__transport="file", outbox__sent_at__isnull=False)
        .select_related("payment_list")
        .order_by("id")
    )
    if cycle_id is not None:
        files = files.filter(payment_list__cycle_id=cycle_id)
    broken = []
    for file in files:
        path = outgoing_path(file, outgoing)
        found = _digest(path) if path.exists() else "missing"
        if found != file.sha256:
            place = (file.payment_list.cycle_id, file.payment_list_id, file.message_id, None)
            broken.append(Broken(*place, f"{path}: {found[:12]}, dispatched {file.sha256[:12]}"))
    return Check("I6", _FILES, tuple(broken[:SHOWN]))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_and_record(*, outgoing: Path, actor: str, at: datetime) -> list[Check]:
    """Check everything and write into the audit log what was found, with the checkpoint the next check starts from."""
    with transaction.atomic():
        checks = check_ledger(outgoing=outgoing)
        mark = checkpoint()
        audit.record(
            at=at,
            actor=actor,
            action=CHECKED,
            object_kind="ledger",
            object_id="all",
            detail={
                "size": mark.size,
                "root": mark.root_hex,
                "broken": sorted({check.code for check in checks if not check.holds}),
            },
        )
    return checks


_BALANCES = f"""
    SELECT account, sum(paisa)::bigint AS paisa FROM ({ledger_money.MOVED}) AS moved
    WHERE %s::bigint IS NULL OR cycle_id = %s::bigint GROUP BY account ORDER BY account
"""


def balances(cycle_id: int | None = None) -> dict[str, int]:
    """Return the balance of every account in paisa (debits less credits), over all cycles or one."""
    return {account: int(paisa) for account, paisa in bulk.rows(_BALANCES, [cycle_id, cycle_id])}
