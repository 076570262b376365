"""Invented identities: valid by the rules of other people's libraries, unique, marked, never mixed with real ones."""

from __future__ import annotations

from datetime import date

import duckdb
import phonenumbers
import pytest
from schwifty import IBAN

from kafalat.core.identifiers import parse_cnic, parse_mobile, synthetic_iban
from kafalat.policy.loader import load, shipped
from kafalat.survey.identities import CARDS_ON, add_identities
from kafalat.survey.synthesis import synthesise
from kafalat.survey.tables import SurveyTables
from tests.survey.small import SmallSurvey

FIRST_DIGIT = {"kp": "1", "punjab": "3", "sindh": "4", "balochistan": "5", "islamabad": "6", "gilgit_baltistan": "7", "azad_kashmir": "8"}  # fmt: skip


def made(seed: int, households: int = 4_000) -> SurveyTables:
    tables = synthesise(households, 11, programme=load(shipped()), connection=duckdb.connect())
    return add_identities(tables, seed=seed)


@pytest.fixture(scope="module")
def tables() -> SurveyTables:
    return made(5)


def rows(tables: SurveyTables, query: str) -> list[tuple[object, ...]]:
    return tables.connection.cursor().execute(query).fetchall()


def test_every_cnic_is_valid_unique_and_of_an_adult(tables: SurveyTables) -> None:
    cards = rows(
        tables,
        "SELECT cnic, sex, age_years, province FROM people JOIN households USING (household_key) WHERE cnic IS NOT NULL",
    )
    assert len({card for card, *_ in cards}) == len(cards) > 10_000
    for card, sex, age, province in cards:
        assert isinstance(card, str)
        assert isinstance(age, int)
        assert parse_cnic(card) == card
        assert card[0] == FIRST_DIGIT[str(province)]
        assert age >= 18
        if sex != "transgender":
            assert (int(card[-1]) % 2 == 0) == (sex == "female")


def test_shares_of_missing_and_expired_cards_and_of_phones(tables: SurveyTables) -> None:
    ((cards, expired, women, men),) = rows(
        tables,
        f"""SELECT count(cnic) / count(*), count(*) FILTER (WHERE cnic_valid_until < DATE '{CARDS_ON}') / count(cnic),
            count(mobile) FILTER (WHERE sex = 'female') / count(*) FILTER (WHERE sex = 'female'),
            count(mobile) FILTER (WHERE sex = 'male') / count(*) FILTER (WHERE sex = 'male') FROM people WHERE age_years >= 18""",
    )
    assert cards == pytest.approx(0.94, abs=0.01)
    assert expired == pytest.approx(0.04, abs=0.01)
    assert women == pytest.approx(0.70, abs=0.03)
    assert men == pytest.approx(0.70, abs=0.03)


def test_a_valid_card_stays_valid_for_three_years(tables: SurveyTables) -> None:
    ((soonest,),) = rows(
        tables, f"SELECT min(cnic_valid_until) FROM people WHERE cnic_valid_until >= DATE '{CARDS_ON}'"
    )
    assert isinstance(soonest, date)
    assert (soonest - CARDS_ON).days >= 3 * 365


def test_every_mobile_is_a_pakistani_mobile_and_nobody_shares_one(tables: SurveyTables) -> None:
    mobiles = [str(row[0]) for row in rows(tables, "SELECT mobile FROM people WHERE mobile IS NOT NULL")]
    assert len(set(mobiles)) == len(mobiles)
    for mobile in mobiles[:2_000]:
        assert parse_mobile(mobile) == mobile
        assert phonenumbers.is_valid_number(phonenumbers.parse(mobile))


def test_everybody_has_a_name_in_both_scripts_and_is_marked(tables: SurveyTables) -> None:
    assert rows(
        tables,
        "SELECT count(*) FROM people WHERE name_en IS NULL OR name_ur IS NULL OR identity_synthetic IS NOT TRUE",
    ) == [(0,)]
    assert rows(
        tables, r"SELECT count(*) FROM people WHERE NOT regexp_full_match(name_ur, '[\x{0600}-\x{06FF} ]+')"
    ) == [(0,)]


def test_only_transgender_people_have_an_updated_gender_and_most_of_them(tables: SurveyTables) -> None:
    tables = add_identities(
        synthesise(60_000, 3, programme=load(shipped()), connection=duckdb.connect()), seed=1
    )
    assert rows(tables, "SELECT DISTINCT sex FROM people WHERE cnic_gender_updated") == [("transgender",)]
    ((share,),) = rows(
        tables,
        "SELECT avg(cnic_gender_updated::INT) FROM people WHERE sex = 'transgender' AND cnic IS NOT NULL",
    )
    assert isinstance(share, float)
    assert 0.5 < share < 0.9


def test_the_same_seed_gives_the_same_identities_and_another_others(tables: SurveyTables) -> None:
    digest = "SELECT sum(hash(people)::HUGEINT)::VARCHAR FROM people"
    assert rows(made(5), digest) == rows(tables, digest)
    assert rows(made(6), digest) != rows(tables, digest)


def test_rows_keep_their_order_and_number(tables: SurveyTables) -> None:
    ((count, ordered),) = rows(
        tables,
        "SELECT count(*), count(*) FILTER (WHERE before IS NULL OR before < here) FROM (SELECT (household_key, line_no) AS here, lag((household_key, line_no)) OVER () AS before FROM people)",
    )
    assert count == ordered == tables.people


def test_a_survey_with_real_cards_keeps_them_and_its_gaps(small: SmallSurvey) -> None:
    small.profile = small.profile.replace(
        "SELECT * FROM members",
        "SELECT *, CASE WHEN line_no = '1' AND household_key = 'h1' THEN '3520212345671' END AS cnic FROM members",
    )
    tables = add_identities(small.read(), seed=1)
    assert rows(tables, "SELECT cnic FROM people ORDER BY household_key, line_no") == [
        ("3520212345671",),
        (None,),
        (None,),
    ]
    assert rows(tables, "SELECT count(name_en) FROM people") == [(3,)]


@pytest.mark.parametrize(
    ("code", "number"), [("HABB", 0), ("ALFH", 1), ("TMFB", 9_999_999_999_999_999), ("SCBL", 1_123_456_702)]
)
def test_synthetic_ibans_are_valid_by_somebody_elses_library(code: str, number: int) -> None:
    iban = IBAN(synthetic_iban(code, number), validate_bban=True)
    assert (iban.country_code, iban.bank_code) == ("PK", code)
