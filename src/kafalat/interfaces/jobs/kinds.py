"""What can be done in the background: for each kind its name, who starts it, and the service it calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User

from kafalat.audit.selectors import Checkpoint
from kafalat.core.progress import Progress
from kafalat.core.text import Bilingual
from kafalat.interfaces.office import Office
from kafalat.payments import selectors
from kafalat.payments.access import PREPARERS, RECONCILERS, RELEASERS, ROLES_OF
from kafalat.payments.cycles.approvals import check_list, release_list
from kafalat.payments.cycles.lifecycle import prepare_list
from kafalat.payments.ledger.checks import check_and_record
from kafalat.payments.reconciliation.answers import receive_answer
from kafalat.payments.sending.outbox import send_outbox

# Values a job is started with and what it leaves behind: JSON, small.
Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Work:
    """What a job's service is handed. `user` is who started it; nobody where the clock did."""

    office: Office
    arguments: Values
    user: User | None
    at: datetime
    progress: Progress

    @property
    def person(self) -> User:
        """Return who started it. Raises ValueError for work that the clock started but only people may do."""
        if self.user is None:
            raise ValueError
        return self.user


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of job. `whole`: the service's changes and the job's end are one transaction, so it is done once or not at all.

    A kind that is not whole acts on the world outside in several transactions, and goes on where it was stopped.
    """

    title: Bilingual
    roles: frozenset[str]
    run: Callable[[Work], Values]
    whole: bool = True


def _prepare(work: Work) -> Values:
    cycle = selectors.cycle_by_id(work.arguments["cycle_id"])
    made = prepare_list(
        cycle_id=cycle.pk,
        phase=work.arguments["phase"],
        programme=work.office.programme_of(cycle.programme_sha256),
        user=work.person,
        at=work.at,
    )
    return {"list_id": made.pk, "payments": made.payments, "amount_paisa": made.amount_paisa}


def _check(work: Work) -> Values:
    checked = check_list(payment_list_id=work.arguments["list_id"], user=work.person, at=work.at)
    return {"list_id": checked.pk, "payments": checked.payments, "amount_paisa": checked.amount_paisa}


def _release(work: Work) -> Values:
    """Release, then send what is ready. Begun again after its worker died, it goes on where the list stands."""
    view = selectors.list_by_id(work.arguments["list_id"])
    found = view.payment_list
    sender = work.office.sender(found.cycle.programme_sha256)
    seen = work.arguments.get("seen_log")
    if work.person.pk not in view.approver_ids:
        release_list(
            payment_list_id=found.pk,
            user=work.person,
            seen_sha256=work.arguments["seen_sha256"],
            seen_log=Checkpoint(size=seen[0], root_hex=seen[1]) if seen else None,
            sender=sender,
            at=work.at,
        )
    send_outbox(sender=sender, at=work.at, progress=work.progress)
    return {"list_id": found.pk, "payments": found.payments, "amount_paisa": found.amount_paisa}


def _send(work: Work) -> Values:
    cycle = selectors.cycle_by_id(work.arguments["cycle_id"])
    sender = work.office.sender(cycle.programme_sha256)
    return {"files": len(send_outbox(sender=sender, at=work.at, progress=work.progress))}


def _receive(work: Work) -> Values:
    path = Path(work.office.incoming / work.arguments["path"])
    receiver = work.office.receiver()
    receive_answer(content=path, name=path.name, user=work.person, at=work.at, receiver=receiver)
    return {"name": path.name}


def _ledger(work: Work) -> Values:
    actor = work.user.get_username() if work.user else "clock"
    checks = check_and_record(outgoing=work.office.outgoing, actor=actor, at=work.at)
    return {
        "holds": all(check.holds for check in checks),
        "checks": [
            {
                "code": check.code,
                "en": check.says.en,
                "ur": check.says.ur,
                "broken": [{"en": one.text("en"), "ur": one.text("ur")} for one in check.broken],
            }
            for check in checks
        ],
    }


KINDS: dict[str, Kind] = {
    "prepare": Kind(
        Bilingual(en="Prepare a payment list", ur="ادائیگی کی فہرست کی تیاری"), PREPARERS, _prepare
    ),
    "check": Kind(
        Bilingual(en="Check a payment list", ur="ادائیگی کی فہرست کی جانچ"), ROLES_OF["check"], _check
    ),
    "release": Kind(
        Bilingual(en="Release a payment list", ur="ادائیگی کی فہرست کا اجرا"),
        RELEASERS,
        _release,
        whole=False,
    ),
    "send": Kind(
        Bilingual(en="Send files to the banks", ur="بینکوں کو فائلوں کی ترسیل"), RELEASERS, _send, whole=False
    ),
    "receive": Kind(
        Bilingual(en="Take in a bank's answer", ur="بینک کے جواب کی وصولی"), RECONCILERS, _receive
    ),
    "ledger": Kind(
        Bilingual(en="Check the ledger", ur="کھاتہ بہی کی جانچ"),
        frozenset({"auditor", "reconciler"}),
        _ledger,
    ),
}
