"""Small made-up lists from outside for a demo, so that its pages have something to show. Only made-up people stand on them."""

from __future__ import annotations

import tempfile
from datetime import date, datetime
from pathlib import Path

from kafalat.interfaces.office import Office
from kafalat.registry import bulk
from kafalat.registry.lists import import_list
from kafalat.registry.selectors import CNIC_PURPOSE

# Every so many adults with a made-up card stand on the list, beginning with a number of the list's own.
LISTS = {"government_employee": (151, 7), "foreign_travel_once": (101, 11), "vehicle": (113, 13)}


def import_demo_lists(*, office: Office, list_date: date, actor: str, at: datetime) -> None:
    """Take in one list for each filter of LISTS the programme has; done again, it changes nothing."""
    known = {entry.code for entry in office.programme.filters}
    with tempfile.TemporaryDirectory(prefix="lists-", dir=office.home.work) as folder:
        for code, (step, first) in LISTS.items():
            if code not in known:
                continue
            sealed = bulk.rows(
                "SELECT cnic_sealed FROM registry_person WHERE identity_synthetic AND cnic_sealed IS NOT NULL "
                "AND age_years >= 25 AND id %% %s = %s ORDER BY id",
                [step, first],
            )
            numbers = [office.sealer.unseal(bytes(value), CNIC_PURPOSE) for (value,) in sealed]
            if not numbers:
                continue
            path = Path(folder) / f"made-up-{code}.csv"
            path.write_text("\n".join(["cnic", *numbers]) + "\n", encoding="utf-8")
            import_list(
                path=path,
                code=code,
                list_date=list_date,
                programme=office.programme,
                sealer=office.sealer,
                work=office.home.work,
                actor=actor,
                at=at,
            )
