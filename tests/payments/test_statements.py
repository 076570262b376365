"""The number of SQL statements of a generation does not grow with the payments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection

from kafalat.config.home import Home
from kafalat.interfaces.office import Office
from kafalat.registry import bulk
from tests.conftest import clone
from tests.payments.steps import opened, prepared


def counted(home: Home, office: Office, template: str, families: int | None) -> tuple[int, int]:
    """Return statements and payments of one generation, with so many families active or all."""
    count = 0

    def wrapper(execute: Callable[..., Any], *rest: Any) -> Any:
        nonlocal count
        count += 1
        return execute(*rest)

    with clone(home, template):
        cycle = opened(office)
        if families is not None:
            bulk.execute(
                "UPDATE enrolment_beneficiary SET status = 'suspended', standing_reason = 'few' "
                "WHERE id NOT IN (SELECT b.id FROM "
                "enrolment_beneficiary AS b JOIN enrolment_account AS a ON a.beneficiary_id = b.id ORDER BY b.id LIMIT %s)",
                [families],
            )
        with connection.execute_wrapper(wrapper):
            payments = prepared(office, cycle).payments
    return count, payments


def test_a_generation_takes_as_many_statements_for_few_as_for_many(
    home: Home, office: Office, enrolled_template: str
) -> None:
    few, few_payments = counted(home, office, enrolled_template, 30)
    many, many_payments = counted(home, office, enrolled_template, None)
    assert 0 < few_payments < many_payments
    assert few == many
