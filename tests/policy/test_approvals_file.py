"""What is wrong in `approvals.yaml` is found, with its line; what is right says how many people a list needs."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafalat.policy.approvals import Approvals
from kafalat.policy.check import check
from kafalat.policy.loader import load, shipped
from tests.policy import folder as small

DAY = date(2026, 1, 1)
SHIPPED: Approvals = load(shipped()).approvals
LOW = "{ up_to_rupees: 1000000, approve: 1, authorise: 1, release: 1 }"
HIGH = "{ approve: 2, authorise: 1, release: 1 }"


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ("{ up_to_rupees: 5, approve: 2, authorise: 1, release: 1 }", HIGH, "never reached"),
        (HIGH.replace("2", "1").replace("release: 1", "release: 0"), HIGH, "release"),
        (LOW.replace("authorise: 1", "authorise: 2"), LOW, "fewer people"),
        (HIGH.replace("{ ", "{ up_to_rupees: 2000000, "), HIGH, "last level"),
        ("code: unheard_of", "code: suspended", "unheard_of"),
    ],
)
def test_a_wrong_quorum_or_hold_is_found(tmp_path: Path, wrong: str, right: str, said: str) -> None:
    programme = small.write(tmp_path / "small")
    assert check(programme) == [], "control: the folder is right as it is"
    small.replace(programme, "approvals.yaml", right, wrong)
    findings = [finding for finding in check(programme) if finding.file == "approvals.yaml"]
    assert findings
    assert any(said in finding.en for finding in findings), findings


@given(st.lists(st.integers(1, 10**14), min_size=2, max_size=2))
def test_more_money_never_needs_fewer_people(amounts: list[int]) -> None:
    less, more = (SHIPPED.quorum(amount, DAY) for amount in sorted(amounts))
    assert less is not None
    assert more is not None
    assert less.approve <= more.approve
    assert less.authorise <= more.authorise
    assert less.release <= more.release
    assert less.approve + less.authorise + less.release >= 3


def test_before_any_plan_there_is_no_quorum() -> None:
    assert SHIPPED.quorum(1, date(1999, 1, 1)) is None
