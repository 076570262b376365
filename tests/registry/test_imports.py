"""Imports: whole or not at all, once per source, identifiers sealed, answers kept as received."""

from __future__ import annotations

import json
import threading
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections

from kafalat.core.identifiers import format_cnic, format_mobile, parse_form_number
from kafalat.core.problems import Problem
from kafalat.enrolment.enrol import IBAN_PURPOSE
from kafalat.enrolment.models import Account
from kafalat.interfaces.office import Office
from kafalat.registry import bulk
from kafalat.registry.models import Family, Household, Interview, Person, SurveySource
from kafalat.registry.selectors import CNIC_PURPOSE, MOBILE_PURPOSE
from kafalat.survey.identities import add_identities
from kafalat.survey.tables import SurveyTables
from tests.registry.steps import bring, drawn, state, with_identities


def read(folder: Path, office: Office, *changes: tuple[str, str]) -> SurveyTables:
    """Return the small survey with its own identities, its profile changed in places."""
    small = with_identities(folder, office)
    for old, new in changes:
        assert small.profile.count(old) == 1
        small.profile = small.profile.replace(old, new)
    return add_identities(small.read(), seed=1)


def refused(office: Office, tables: SurveyTables) -> Problem:
    """Return the problem an import meets, having made sure that it changed nothing and told nobody's name or number."""
    before = state()
    with pytest.raises(Problem) as caught:
        bring(office, tables)
    assert state() == before
    assert caught.value.code == "registry.refused"
    for secret in ("1234567", "Akbar", "Zubaida", "اکبر"):
        assert secret not in caught.value.both()
    return caught.value


# ---- all or nothing --------------------------------------------------------------------------------------------


def test_a_survey_arrives_whole(office: Office, database: str, tmp_path: Path) -> None:
    source = bring(office, read(tmp_path, office))
    assert (source.households, source.people, source.synthetic_population) == (2, 3, False)
    assert (Household.objects.count(), Interview.objects.count(), Person.objects.count()) == (2, 2, 3)
    assert list(Family.objects.order_by("id").values_list("kind", flat=True)) == ["ever_married_woman"] * 2
    assert not Person.objects.filter(identity_synthetic=True).exists()
    zubaida = Person.objects.get(name_en="Zubaida Bibi")
    assert office.sealer.unseal(bytes(zubaida.cnic_sealed or b""), CNIC_PURPOSE) == "3520212345672"
    assert office.sealer.unseal(bytes(zubaida.mobile_sealed or b""), MOBILE_PURPOSE) == "+923011234567"


def test_the_same_card_twice_in_a_survey_refuses_all_of_it(
    office: Office, database: str, tmp_path: Path
) -> None:
    tables = read(tmp_path, office, ("'3520212345674'", "'3520212345671'"))
    assert "cnic" in refused(office, tables).text("en")


def test_a_card_the_registry_knows_refuses_the_second_survey(
    office: Office, database: str, tmp_path: Path
) -> None:
    bring(office, read(tmp_path / "first", office))
    second = read(tmp_path / "second", office, ("رخسانہ", "رخسانا"))
    refused(office, second)
    assert SurveySource.objects.count() == 1


def test_a_text_too_long_for_the_registry_is_refused_with_its_column(
    office: Office, database: str, tmp_path: Path
) -> None:
    tables = read(tmp_path, office, ("'Akbar Khan'", f"'Akbar {'K' * 100}'"))
    assert "name_en" in refused(office, tables).text("en")


def test_a_form_number_twice_is_refused(office: Office, database: str, tmp_path: Path) -> None:
    tables = read(
        tmp_path, office, ("SELECT * FROM homes", "SELECT *, '1234567890128' AS form_number FROM homes")
    )
    before = state()
    with pytest.raises(Problem, match="household_form_number_once"):
        bring(office, tables)
    assert state() == before


def test_a_refused_survey_is_taken_once_it_was_mended(office: Office, database: str, tmp_path: Path) -> None:
    """Control as well: the same survey, one card corrected, goes in; also when it was refused a moment ago."""
    tables = read(tmp_path, office, ("'3520212345674'", "'3520212345671'"))
    refused(office, tables)
    tables.connection.execute("UPDATE people SET cnic = '3520212345674' WHERE name_en = 'Rukhsana Begum'")
    bring(office, tables)
    assert Person.objects.filter(cnic_sealed__isnull=False).count() == 3


# ---- once ------------------------------------------------------------------------------------------------------


def test_the_same_survey_again_changes_nothing(office: Office, database: str, tmp_path: Path) -> None:
    first = bring(office, read(tmp_path, office))
    before = state()
    assert bring(office, read(tmp_path, office)).pk == first.pk
    assert state() == before


def test_the_same_survey_from_two_desks_at_once_arrives_once(office: Office, database: str) -> None:
    found: list[int] = []

    def work() -> None:
        try:
            found.append(bring(office, drawn(office, 60, 3)).pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert len(set(found)) == 1
    assert Household.objects.count() == 60


def test_two_surveys_stand_side_by_side(office: Office, database: str, tmp_path: Path) -> None:
    bring(office, read(tmp_path, office))
    bring(office, drawn(office, 50, 4))
    assert Household.objects.count() == 52
    assert Person.objects.count() == sum(SurveySource.objects.values_list("people", flat=True))


# ---- form numbers ----------------------------------------------------------------------------------------------


def test_every_form_number_is_valid_and_its_own(office: Office, enrolled: str) -> None:
    numbers = list(Household.objects.order_by("id").values_list("form_number", flat=True))
    assert [parse_form_number(number) for number in numbers] == numbers
    assert len(set(numbers)) == len(numbers) == 400
    assert numbers != sorted(numbers)  # the next one cannot be told from the last


def test_a_survey_keeps_the_form_numbers_it_brings(office: Office, database: str, tmp_path: Path) -> None:
    own = "SELECT *, CASE household_key WHEN 'h1' THEN '1234567890128' END AS form_number FROM homes"
    bring(office, read(tmp_path, office, ("SELECT * FROM homes", own)))
    numbers = dict(Household.objects.values_list("source_key", "form_number"))
    assert numbers["h1"] == "1234567890128"
    assert parse_form_number(numbers["h2"]) != numbers["h1"]


# ---- identifiers -----------------------------------------------------------------------------------------------


def holding(needles: dict[str, list[str]]) -> dict[str, set[str]]:
    """Return by needle the tables in which one of its spellings stands, as text or as bytes, in a dump of all tables."""
    found: dict[str, set[str]] = {name: set() for name in needles}
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE' "
            "AND table_schema NOT IN ('pg_catalog', 'information_schema')"
        )
        tables = cursor.fetchall()
        for schema, table in tables:
            with cursor.copy(f'COPY "{schema}"."{table}" TO STDOUT') as copy:
                dump = b"".join(bytes(chunk) for chunk in copy)
            for name, spellings in needles.items():
                for spelling in spellings:
                    # Bytes are dumped in hexadecimal.
                    if spelling.encode() in dump or spelling.encode().hex().encode() in dump:
                        found[name].add(table)
    connections["owner"].close()
    assert len(tables) > 25
    return found


def test_no_table_holds_an_identifier_in_clear(office: Office, paid: str) -> None:
    account = Account.objects.select_related("beneficiary__payee").exclude(
        beneficiary__payee__mobile_sealed__isnull=True
    ).order_by("id")[0]  # fmt: skip
    payee = account.beneficiary.payee
    cnic = office.sealer.unseal(bytes(payee.cnic_sealed or b""), CNIC_PURPOSE)
    mobile = office.sealer.unseal(bytes(payee.mobile_sealed or b""), MOBILE_PURPOSE)
    iban = office.sealer.unseal(bytes(account.iban_sealed), IBAN_PURPOSE)
    needles = {
        "cnic": [cnic, format_cnic(cnic), cnic[5:12]],
        "mobile": [mobile, mobile[3:], format_mobile(mobile), mobile[3:6] + "-" + mobile[6:]],
        "iban": [iban, iban[8:]],
        "name": [payee.name_en],
    }
    found = holding(needles)
    assert (found["cnic"], found["mobile"], found["iban"]) == (set(), set(), set())
    # Control: the same search finds a name in each place where names are meant to stand.
    assert {"registry_person", "registry_interview"} <= found["name"]


# ---- answers as received ---------------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """Return a value of the survey's tables as JSON tells it."""
    return value.isoformat() if isinstance(value, date) else value


def rows(tables: SurveyTables, table: str) -> list[dict[str, Any]]:
    """Return the rows of a table of the survey, in its order."""
    order = "household_key" if table == "households" else "household_key, line_no"
    found = tables.connection.execute(f"SELECT * FROM {table} ORDER BY {order}")
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, map(plain, row), strict=True)) for row in found.fetchall()]


def test_an_interview_holds_every_answer_as_received(office: Office, database: str) -> None:
    tables = drawn(office, 80, 5)
    source = bring(office, tables)
    kept = {
        interview.household.source_key: json.loads(interview.received)
        for interview in Interview.objects.select_related("household")
    }
    columns: list[str] = source.people_columns
    people: dict[str, list[dict[str, Any]]] = {}
    for person in rows(tables, "people"):
        people.setdefault(person.pop("household_key"), []).append(person)
    for household in rows(tables, "households"):
        received = kept.pop(household["household_key"])
        household.pop("spending_rupees_year")
        assert received["household"] == household
        told = [dict(zip(columns, values, strict=True)) for values in received["people"]]
        for person in people[household["household_key"]]:
            del person["cnic"], person["mobile"]  # sealed with the person
        assert told == people[household["household_key"]]
    assert kept == {}


def test_facts_are_the_answers_and_a_missing_one_is_not_invented(
    office: Office, database: str, tmp_path: Path
) -> None:
    tables = read(tmp_path, office)
    bring(office, tables)
    for household in rows(tables, "households"):
        facts = Household.objects.get(source_key=household["household_key"]).facts
        collected = {
            f.name for f in office.programme.facts if f.kind == "collected" and f.level == "household"
        }
        assert facts == {name: household[name] for name in collected}
        assert facts["mobile_phone"] is None  # the small survey does not ask


@pytest.mark.parametrize(
    "name",
    [
        "\\N",
        "\\.",
        'a "b", c',
        "two\nlines",
        "tab\there",
        " outer space ",
        "back\\slash",
        "۳ زینب‌بی‌بی",
        "NULL",
        "🌾",
    ],
)
def test_any_name_arrives_as_it_is(office: Office, database: str, tmp_path: Path, name: str) -> None:
    tables = read(tmp_path, office)
    tables.connection.execute("UPDATE people SET name_en = ?, name_ur = ? WHERE line_no = 2", [name, name])
    bring(office, tables)
    assert bulk.rows("SELECT name_en, name_ur FROM registry_person WHERE line_no = 2") == [(name, name)]
    columns = SurveySource.objects.get().people_columns
    received = json.loads(Interview.objects.get(household__source_key="h1").received)
    assert received["people"][1][columns.index("name_en")] == name
