"""The programme that comes with Kafalat: without mistakes, and with the values its sources give."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal

import pytest

from kafalat.policy.check import check
from kafalat.policy.loader import load, shipped
from kafalat.policy.model import Programme
from tests.shared import shared_path


@pytest.fixture(scope="module")
def programme() -> Programme:
    return load(shipped())


def test_it_has_no_mistakes() -> None:
    assert [finding.text("en") for finding in check(shipped())] == []


@pytest.mark.parametrize(
    ("day", "general", "disability"),
    [
        (date(2009, 12, 31), None, None),
        (date(2010, 1, 1), "16.17", None),
        (date(2019, 12, 31), "16.17", None),
        (date(2020, 6, 1), "29", None),
        (date(2021, 1, 1), "32", None),
        (date(2024, 12, 10), "32", None),
        (date(2024, 12, 11), "32", "37"),
        (date(2026, 1, 1), "32", "37"),
    ],
)
def test_its_cut_offs_have_their_history(
    programme: Programme, day: date, general: str | None, disability: str | None
) -> None:
    assert programme.cutoff("general", day) == (None if general is None else Decimal(general))
    assert programme.cutoff("disability", day) == (None if disability is None else Decimal(disability))


@pytest.mark.parametrize(
    ("quarter", "rupees"),
    [
        (date(2008, 7, 1), 3000),
        (date(2013, 7, 1), 3600),
        (date(2014, 7, 1), 4500),
        (date(2015, 7, 1), 4700),
        (date(2016, 7, 1), 4834),
        (date(2017, 7, 1), None),
        (date(2018, 7, 1), 5000),
        (date(2019, 7, 1), None),
        (date(2019, 10, 1), 5500),
        (date(2020, 1, 1), None),
        (date(2021, 4, 1), 6000),
        (date(2021, 7, 1), None),
        (date(2022, 1, 1), 7000),
        (date(2023, 1, 1), 8500),
        (date(2023, 4, 1), 9000),
        (date(2023, 7, 1), 8750),
        (date(2024, 1, 1), 10500),
        (date(2024, 10, 1), 10500),
        (date(2025, 1, 1), 13500),
        (date(2025, 10, 1), 13500),
        (date(2026, 1, 1), 14500),
    ],
)
def test_each_quarter_has_the_amount_of_its_source_or_none(
    programme: Programme, quarter: date, rupees: int | None
) -> None:
    assert programme.amount_paisa("kafalat", quarter) == (None if rupees is None else rupees * 100)


def test_phase_two_has_the_districts_of_the_public_list(programme: Programme) -> None:
    with shared_path("data/districts_phase2.csv").open(encoding="utf-8-sig", newline="") as file:
        listed = [row["district_pcode"] for row in csv.DictReader(file)]
    (plan,) = programme.calendar.phase_plans
    first, second = plan.phases
    assert first.places == ("PK",)
    assert sorted(second.places) == sorted(listed)
    assert len(listed) == 31


def test_six_banks_serve_fifteen_clusters_and_every_bank_has_one(programme: Programme) -> None:
    assert len(programme.banks.banks) == 6
    assert len(programme.banks.clusters) == 15
    assert {cluster.bank for cluster in programme.banks.clusters} == {
        bank.code for bank in programme.banks.banks
    }


def test_every_made_up_value_says_that_it_is_illustrative(programme: Programme) -> None:
    assert all("llustrative" in cluster.source for cluster in programme.banks.clusters)
    assert all("to be verified" in bank.source for bank in programme.banks.banks)
    assert "illustrative" in programme.banks.debtor_name


def test_a_closed_account_is_never_sent_again_unasked(programme: Programme) -> None:
    assert not {"AC01", "AC04", "AC06", "MD07", "RR04", "DUPL", "AM05"} & set(programme.banks.reissue_codes)
