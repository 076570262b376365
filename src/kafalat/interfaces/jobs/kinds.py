"""What can be done in the background: for each kind its name, who starts it, and the service it calls."""

from __future__ import annotations

from kafalat.core.text import Bilingual
from kafalat.interfaces.jobs.of_cycles import OF_CYCLES
from kafalat.interfaces.jobs.of_files import OF_FILES
from kafalat.interfaces.jobs.work import Kind, Values, Work
from kafalat.payments.ledger.checks import check_and_record


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
    **OF_CYCLES,
    **OF_FILES,
    "ledger": Kind(
        Bilingual(en="Check the ledger", ur="کھاتہ بہی کی جانچ"),
        frozenset({"auditor", "reconciler"}),
        _ledger,
    ),
}
