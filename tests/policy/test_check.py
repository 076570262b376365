"""What `check` finds in a broken folder: each mistake with file, line, what is wrong, and the nearest valid name."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kafalat.core.problems import Problem
from kafalat.policy.check import check
from kafalat.policy.findings import Finding
from kafalat.policy.model import Dated, in_force
from tests.policy import folder as small


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return small.write(tmp_path / "small")


def test_a_folder_without_mistakes_has_no_findings(folder: Path) -> None:
    assert check(folder) == []


# file, text, what it becomes, words of the finding, nearest valid name. The finding stands in the line of the text.
MISTAKES = {
    "a typo in a fact of a criterion": (
        "eligibility.yaml",
        "disabled_members >= 1",
        "disabled_member >= 1",
        "'disabled_member' is no fact",
        "disabled_members",
    ),
    "a typo in a fact of the scorecard": (
        "scorecard.yaml",
        "fact: rooms",
        "fact: roms",
        "'roms' is no fact",
        "rooms",
    ),
    "a typo in a fact of a derived fact": (
        "facts.yaml",
        "4 * rooms",
        "4 * room",
        "'room' is no fact",
        "rooms",
    ),
    "a typo in a person's core column": (
        "eligibility.yaml",
        "marital_status <>",
        "marital_statos <>",
        "is no fact",
        "marital_status",
    ),
    "a typo in a category of a criterion": (
        "eligibility.yaml",
        "cnic_status = 'expired'",
        "cnic_status = 'expird'",
        "no category",
        "expired",
    ),
    "a typo in a category of a bin": (
        "scorecard.yaml",
        "[dry, none]",
        "[drry, none, dry]",
        "'drry' is no value",
        "dry",
    ),
    "a fact about a person in a household's criterion": (
        "eligibility.yaml",
        "owned_land_acres > 12",
        "disabled",
        "about a person",
        None,
    ),
    "a fact about the household in a payee rule": (
        "eligibility.yaml",
        "sex = 'female' AND",
        "rooms > 2 AND",
        "about the household",
        None,
    ),
    "a criterion that is no condition": (
        "eligibility.yaml",
        "disabled_members >= 1",
        "disabled_members",
        "true or false is needed",
        None,
    ),
    "an overlapping amount": ("amounts.yaml", "from: 2026-01-01", "from: 2025-07-01", "overlap", None),
    "an overlapping cut-off": (
        "eligibility.yaml",
        "{ from: 2020-01-01, value: 32",
        "{ from: 2019-12-31, value: 32",
        "overlap",
        None,
    ),
    "a range that ends before it begins": (
        "amounts.yaml",
        "to: 2025-12-31",
        "to: 2024-12-31",
        "before it begins",
        None,
    ),
    "a cut-off outside the score's range": (
        "eligibility.yaml",
        "value: 37",
        "value: 370",
        "outside the score's range",
        None,
    ),
    "an unknown district by name": (
        "calendar.yaml",
        "places: [PK617]",
        "places: [Lahor]",
        "'Lahor' is no P-code",
        "PK617 (Lahore)",
    ),
    "an unknown P-code": (
        "calendar.yaml",
        "places: [PK617]",
        "places: [PK6177]",
        "'PK6177' is no P-code",
        "PK617 (Lahore)",
    ),
    "an unknown place of a cluster": (
        "banks.yaml",
        "places: [PK6]",
        "places: [PK6, PK61]",
        "'PK61' is no P-code",
        "PK617 (Lahore)",
    ),
    "an unknown bank of a cluster": ("banks.yaml", "bank: hbl", "bank: hbll", "'hbll' is no bank", "hbl"),
    "a missing Urdu text": (
        "eligibility.yaml",
        '{ en: "Much land.", ur: "زیادہ زمین۔" }',
        '{ en: "Much land." }',
        "The Urdu text of 'much_land' is missing",
        None,
    ),
    "an empty Urdu text": (
        "messages.yaml",
        'ur: "آ رہا ہے۔"',
        'ur: ""',
        "The Urdu text of 'status_payment_coming' is missing",
        None,
    ),
    "an Urdu text of blanks": ("messages.yaml", 'ur: "آ رہا ہے۔"', 'ur: "  "', "is empty", None),
    "an Urdu text in English": (
        "messages.yaml",
        'ur: "آ رہا ہے۔"',
        'ur: "Coming soon."',
        "not in Urdu script",
        None,
    ),
    "an Arabic letter in an Urdu text": ("messages.yaml", 'ur: "شامل۔"', 'ur: "يہ شامل۔"', "U+064A", None),
    "a missing English text": (
        "messages.yaml",
        'en: "Coming.", ',
        "",
        "The English text of 'status_payment_coming' is missing",
        None,
    ),
    "an unknown key": (
        "calendar.yaml",
        "appeal_days: 30",
        "apeal_days: 30",
        "'apeal_days' is no key",
        "appeal_days",
    ),
    "an unknown key without a like": (
        "calendar.yaml",
        "appeal_days: 30",
        "appeal_days: 30\nzzz: 1",
        "'zzz' is no key",
        None,
    ),
    "a word that is no choice": (
        "banks.yaml",
        "channel: account",
        "channel: acount",
        "must be one of",
        "account",
    ),
    "a number where a text belongs": (
        "programme.yaml",
        'source: "a test"',
        "source: 12345",
        "must be a text",
        None,
    ),
    "a text where a whole number belongs": (
        "scorecard.yaml",
        "base_points: 10",
        'base_points: "10"',
        "no whole number",
        None,
    ),
    "a fraction of a rupee": ("amounts.yaml", "value: 14500", "value: 14500.50", "no whole number", None),
    "a date that is none": ("scorecard.yaml", "from: 2024-01-01", "from: 2024-02-30", "no date", None),
    "true where a number belongs": (
        "scorecard.yaml",
        "base_points: 10",
        "base_points: true",
        "no whole number",
        None,
    ),
    "a duplicate key": (
        "programme.yaml",
        "country: PK\n",
        "country: PK\ncountry: IN\n",
        "stands twice",
        None,
    ),
    "an anchor": ("programme.yaml", "country: PK", "country: &here PK", "Anchors", None),
    "a tag": ("programme.yaml", "country: PK", "country: !!python/object:os.system PK", "Tags", None),
    "a placeholder that is not filled": (
        "messages.yaml",
        'en: "Sent {amount}."',
        'en: "Sent {amont}."',
        "no placeholder",
        "amount",
    ),
    "braces that ask for an attribute": (
        "messages.yaml",
        'en: "Sent {amount}."',
        'en: "Sent {amount.real}."',
        "braces",
        None,
    ),
    "a message nobody shows": (
        "messages.yaml",
        "payment_sent:",
        "payment_send:",
        "is used by nothing",
        "payment_sent",
    ),
    "a reason nobody gives": (
        "eligibility.yaml",
        "missing_facts:",
        "missing_fact:",
        "is used by nothing",
        "missing_facts",
    ),
    "a wrong IBAN": (
        "banks.yaml",
        "PK81NBPA0000004081720010",
        "PK82NBPA0000004081720010",
        "no valid IBAN",
        None,
    ),
    "a BIC of another country": (
        "banks.yaml",
        "bic: HABBPKKA",
        "bic: HABBINKA",
        "no BIC of a bank in PK",
        None,
    ),
    "a reason code of another form": ("banks.yaml", "AB05", "AB-5", "no ISO 20022 reason code", None),
    "a parent that is not there": (
        "places.csv",
        "PK614,district,PK6,",
        "PK614,district,PK66,",
        "'PK66' is no P-code",
        "PK6 (Punjab)",
    ),
    "a district inside a district": (
        "places.csv",
        "PK614,district,PK6,",
        "PK614,district,PK617,",
        "cannot lie in",
        None,
    ),
    "a place twice": ("places.csv", "PK614,district", "PK617,district", "stands twice", None),
    "a place without Urdu": (
        "places.csv",
        "Kasur,قصور",
        "Kasur,",
        "The Urdu text of 'name' is missing",
        None,
    ),
    "a tile for two districts": ("places.csv", ",6,10", ",5,10", "belongs to PK617 already", None),
    "an unknown level": ("places.csv", "PK61701,tehsil", "PK61701,tehsill", "must be one of", "tehsil"),
    "validity that ends before it begins": (
        "places.csv",
        "قصور,2022-09-09,,",
        "قصور,2022-09-09,2020-01-01,",
        "before valid_from",
        None,
    ),
    "a row that is too short": (
        "places.csv",
        "PK61701,tehsil,PK617,Lahore City,لاہور شہر,2022-09-09,,,,,,",
        "PK61701,tehsil",
        "does not have 12 columns",
        None,
    ),
    "a fact twice": ("facts.yaml", "name: television", "name: rooms", "stands twice", None),
    "a fact with the name of a column": (
        "facts.yaml",
        "name: crowded",
        "name: weight",
        "column of every survey",
        None,
    ),
    "a derived fact of another type": (
        "facts.yaml",
        "household_size > 4 * rooms",
        "household_size + 4 * rooms",
        "true or false is needed",
        None,
    ),
    "a fact outside an aggregate": (
        "facts.yaml",
        'sql: "count(*) FILTER (WHERE disabled)"',
        'sql: "age_years"',
        "inside an aggregate",
        None,
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_it_names_file_line_mistake_and_nearest_name(
    folder: Path, mistake: tuple[str, str, str, str, str | None]
) -> None:
    file, old, new, words, nearest = mistake
    line = small.replace(folder, file, old, new)
    if new.startswith("country: PK\ncountry") or "\nzzz" in new:
        line += 1
    found = [finding for finding in check(folder) if words in finding.en]
    assert [(finding.file, finding.line, finding.nearest) for finding in found] == [(file, line, nearest)], (
        check(folder)
    )
    finding = found[0]
    assert f"{file}, line {line}" in finding.text("en")
    assert any("\u0600" <= letter <= "\u06ff" for letter in finding.ur)
    if nearest is not None:
        assert nearest in finding.text("en")
        assert nearest in finding.text("ur")


ALONE = [
    name
    for name in MISTAKES
    if name
    not in {
        "a typo in a category of a bin",
        "a placeholder that is not filled",
        "braces that ask for an attribute",
        "a fact twice",
        "a fact with the name of a column",
        "a wrong IBAN",
    }
]


@pytest.mark.parametrize("name", ALONE)
def test_one_mistake_is_one_finding(folder: Path, name: str) -> None:
    file, old, new, words, _ = MISTAKES[name]
    small.replace(folder, file, old, new)
    assert [finding.en for finding in check(folder) if words not in finding.en] == []


GAPS = {
    "a gap": ("- { from: 2, to: 3, points: 10 }", "- { from: 3, to: 3, points: 10 }", "covers 2 to 2"),
    "an overlap": ("- { from: 2, to: 3, points: 10 }", "- { from: 1, to: 3, points: 10 }", "1 is in both"),
    "a low end left out": (
        "- { from: 0, to: 1, points: 0 }",
        "- { from: 1, to: 1, points: 0 }",
        "covers 0 to 0",
    ),
    "a high end left out": (
        "- { from: 4, points: 20 }",
        "- { from: 4, to: 50, points: 20 }",
        "covers 51 to 60",
    ),
    "a category left out": ("[dry, none]", "[dry]", "has: none"),
    "a category twice": ("[dry, none]", "[dry, none, flush]", "'flush' stands in two bins"),
    "a boolean left out": ("- { is: [false], points: 0 }", "- { is: [true], points: 0 }", "has: False"),
    "a number among categories": ("{ is: [flush], points: 10 }", "{ from: 1, points: 10 }", "has 'is'"),
    "a boolean as a word": (
        "- { is: [false], points: 0 }",
        '- { is: ["false"], points: 0 }',
        "'false' is no value",
    ),
}


@pytest.mark.parametrize("gap", GAPS.values(), ids=GAPS.keys())
def test_bins_must_cover_every_value_once(folder: Path, gap: tuple[str, str, str]) -> None:
    old, new, words = gap
    small.replace(folder, "scorecard.yaml", old, new)
    findings = check(folder)
    assert any(words in finding.en and finding.file == "scorecard.yaml" for finding in findings), findings


def test_it_lists_every_mistake_of_the_folder_not_only_the_first(folder: Path) -> None:
    expected = set()
    for name in (
        "a typo in a fact of a criterion",
        "an overlapping amount",
        "an unknown district by name",
        "a missing Urdu text",
        "a wrong IBAN",
    ):
        file, old, new, words, _ = MISTAKES[name]
        expected.add((file, small.replace(folder, file, old, new), words))
    findings = check(folder)
    assert {(finding.file, finding.line) for finding in findings} == {
        (file, line) for file, line, _ in expected
    }
    assert findings == sorted(findings, key=lambda finding: (finding.file, finding.line))


def test_mistakes_of_shape_and_of_meaning_in_one_file_are_both_listed(folder: Path) -> None:
    small.replace(folder, "eligibility.yaml", "owned_land_acres > 12", "owned_land > 12")
    small.replace(folder, "eligibility.yaml", "value: 37,", "valu: 37,")
    assert [finding.nearest for finding in check(folder)] == ["value", "owned_land_acres"]


def test_a_fact_that_is_wrong_itself_is_not_called_unknown_elsewhere(folder: Path) -> None:
    small.replace(
        folder,
        "facts.yaml",
        "name: disabled_members\n    level: household",
        "name: disabled_members\n    level: houshold",
    )
    findings = check(folder)
    assert [finding.nearest for finding in findings] == ["household"]


def test_an_entry_set_aside_does_not_make_its_reason_one_that_nobody_gives(folder: Path) -> None:
    line = small.replace(
        folder, "eligibility.yaml", "{ from: 2020-01-01, value: 37", "{ from: tomorrow, value: 37"
    )
    assert [(finding.line, finding.en) for finding in check(folder)] == [
        (line, "'tomorrow' is no date for 'from'; write it as 2026-01-31.")
    ]


def test_a_province_without_a_phase_or_a_bank_is_found(folder: Path) -> None:
    small.replace(folder, "calendar.yaml", "places: [PK]", "places: [PK614]")
    small.replace(folder, "banks.yaml", "places: [PK6]", "places: [PK614]")
    assert [(finding.file, "PK6 (Punjab)" in finding.en) for finding in check(folder)] == [
        ("banks.yaml", True),
        ("calendar.yaml", True),
    ]


def test_a_province_whose_cluster_ends_is_found(folder: Path) -> None:
    small.replace(folder, "banks.yaml", "from: 2024-02-21", "from: 2024-02-21\n    to: 2025-01-31")
    assert ["2025-02-01" in finding.en for finding in check(folder)] == [True]


def test_a_place_in_two_clusters_at_once_is_found_but_one_after_the_other_is_not(folder: Path) -> None:
    second = '\n  - code: punjab_2\n    label: { en: "P", ur: "پ" }\n    bank: hbl\n    places: [PK6]\n    from: 2025-01-01\n    source: "a test"\nreissue_codes:'
    small.replace(folder, "banks.yaml", "\nreissue_codes:", second)
    assert ["'punjab' at the same time" in finding.en for finding in check(folder)] == [True]
    small.replace(folder, "banks.yaml", "from: 2024-02-21", "from: 2024-02-21\n    to: 2024-12-31")
    assert check(folder) == []


def test_a_place_in_two_phases_of_one_plan_is_found(folder: Path) -> None:
    small.replace(folder, "calendar.yaml", "places: [PK617]", "places: [PK617, PK]")
    assert ["PK belongs to 'phase_1'" in finding.en for finding in check(folder)] == [True]


def test_overlapping_phase_plans_are_found(folder: Path) -> None:
    plan = small.FILES["calendar.yaml"].split("phase_plans:\n")[1].split('source: "a test"\n')
    text = "phase_plans:\n" + 'source: "a test"\n'.join(plan[:-1])
    small.replace(folder, "calendar.yaml", "phase_plans:\n", text.replace("2024-04-01", "2024-01-01"))
    assert any("overlap" in finding.en for finding in check(folder)), check(folder)


def test_derived_facts_in_a_circle_are_found(folder: Path) -> None:
    small.replace(folder, "facts.yaml", "household_size > 4 * rooms", "NOT crowded")
    assert ["follows from itself" in finding.en for finding in check(folder)] == [True]


def test_a_missing_file_is_a_finding_with_the_file_that_is_probably_meant(folder: Path) -> None:
    (folder / "messages.yaml").rename(folder / "mesages.yaml")
    assert [(finding.file, finding.nearest) for finding in check(folder)] == [
        ("messages.yaml", "mesages.yaml")
    ]


def test_a_missing_places_file_is_one_finding(folder: Path) -> None:
    (folder / "places.csv").unlink()
    assert [finding.file for finding in check(folder)] == ["places.csv"]


def test_a_folder_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        check(tmp_path / "nowhere")
    assert caught.value.code == "input.not_found"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"a: [1\nb: 2\n", 2),
        (b"a: 1\n  b: 2\n", 2),
        (b"ok: 1\nbad: \xff\n", 2),
        (b"ok: 1\nbad: \x00\n", 2),
        (b"- a\n- b\n", 1),
        (b"", 1),
        (b"a: &x [*x]\n", 1),
        (b"a: 1\n---\nb: 2\n", 2),
        (b"[" * 5000, 1),
        (b"? [1, 2]\n: x\n", 1),
    ],
)
def test_text_that_is_no_yaml_for_us_is_a_finding_with_its_line(
    folder: Path, content: bytes, line: int
) -> None:
    (folder / "programme.yaml").write_bytes(content)
    findings = check(folder)
    assert findings
    assert findings[0].file == "programme.yaml"
    assert findings[0].line == line


def test_words_that_yaml_likes_to_change_keep_their_meaning(folder: Path) -> None:
    # Control: in YAML 1.1 the code `no` is false and 12:30 is 750; here both stay text.
    small.replace(folder, "facts.yaml", 'none: { en: "None"', 'no: { en: "None"')
    small.replace(folder, "scorecard.yaml", "[dry, none]", "[dry, no]")
    assert check(folder) == []


def test_overlapping_ranges_would_pay_by_the_order_of_lines() -> None:
    # Control: without the check, the amount of one day would depend on which line comes first.
    older = Dated[int].model_validate({"from": date(2025, 1, 1), "value": 13500, "source": "a test"})
    newer = Dated[int].model_validate({"from": date(2026, 1, 1), "value": 14500, "source": "a test"})
    day = date(2026, 2, 1)
    assert in_force((older, newer), day) != in_force((newer, older), day)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(file=st.sampled_from(sorted(small.FILES)), data=st.data())
def test_no_damage_to_a_file_makes_check_fail_otherwise_than_by_findings(
    tmp_path_factory: pytest.TempPathFactory, file: str, data: st.DataObject
) -> None:
    folder = small.write(tmp_path_factory.mktemp("damaged"))
    lines = small.FILES[file].splitlines(keepends=True)
    index = data.draw(st.integers(0, len(lines) - 1))
    damage = data.draw(st.sampled_from(["drop", "double", "cut", "put"]))
    if damage == "drop":
        del lines[index]
    elif damage == "double":
        lines.insert(index, lines[index])
    elif damage == "cut":
        lines[index] = lines[index][: data.draw(st.integers(0, len(lines[index])))]
    else:
        lines[index] = (
            lines[index].rstrip("\n") + data.draw(st.text("abc:-{}[]'\"#&*!|>% \n\t,ی0", max_size=8)) + "\n"
        )
    (folder / file).write_text("".join(lines), encoding="utf-8")
    count = len((folder / file).read_text(encoding="utf-8").splitlines())
    for finding in check(folder):
        assert isinstance(finding, Finding)
        assert finding.en
        assert finding.ur
        assert finding.file in small.FILES
        assert finding.file != file or 1 <= finding.line <= max(count, 1) + 1
