"""Identifiers: every way people write them leads to one canonical form, and none is made twice."""

from __future__ import annotations

from hashlib import blake2b
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schwifty import IBAN

from kafalat.core.identifiers import (
    FORM_NUMBERS,
    form_number,
    form_numbers,
    format_cnic,
    format_form_number,
    format_iban,
    format_mobile,
    mask_cnic,
    mask_iban,
    mask_mobile,
    parse_cnic,
    parse_form_number,
    parse_iban,
    parse_mobile,
    synthetic_iban,
    western_digits,
)

KEY = b"0123456789abcdef-form-numbers"
DIGIT_SETS = ("0123456789", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹")

cnics = st.builds(lambda first, rest: f"{first}{rest:012d}", st.integers(1, 8), st.integers(0, 10**12 - 1))
sequences = st.integers(0, FORM_NUMBERS - 1)
digit_sets = st.sampled_from(DIGIT_SETS)


def written_in(text: str, digits: str) -> str:
    """Return `text` with its Western digits written in another set."""
    return text.translate(str.maketrans("0123456789", digits))


def flipped(digits: str, place: int) -> str:
    """Return `digits` with the one at `place` changed."""
    return digits[:place] + str((int(digits[place]) + 1) % 10) + digits[place + 1 :]


@given(cnics, digit_sets, st.sampled_from((format_cnic, str)))
def test_a_cnic_is_read_in_every_digit_set_with_and_without_dashes(
    cnic: str, digits: str, written: type[str]
) -> None:
    assert parse_cnic(f"  \u202b{written_in(written(cnic), digits)}\u200f ") == cnic


def test_a_cnic_of_azad_kashmir_and_one_ending_in_zero_are_accepted() -> None:
    # python-stdnum refuses both, which would turn rightful payees away.
    assert parse_cnic("82203-1234567-8") == "8220312345678"
    assert parse_cnic("35202-1234567-0") == "3520212345670"


@pytest.mark.parametrize(
    "text",
    ["", "35202-1234567", "35202-1234567-88", "05202-1234567-8", "95202-1234567-8", "3520-21234567-8", "35202/1234567/8",
     "3520212345६78", "35202--1234567-8", "35202-1234567-8; DROP", "abcde-1234567-8"],
)  # fmt: skip
def test_what_is_not_a_cnic_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="13 digits"):
        parse_cnic(text)


def test_masks_hide_what_identifies_and_keep_what_helps_to_recognise() -> None:
    assert mask_cnic("3520212345678") == "35202-•••••••-8"
    assert mask_iban("PK36SCBL0000001123456702") == "PK36 SCBL •••• •••• •••• 6702"
    assert mask_mobile("+923001234567") == "0300-••••567"


@given(st.text())
def test_other_text_passes_western_digits_untouched(text: str) -> None:
    assert western_digits(text) == "".join(
        str((DIGIT_SETS[1] + DIGIT_SETS[2]).index(c) % 10) if c in DIGIT_SETS[1] + DIGIT_SETS[2] else c
        for c in text
    )


@given(
    st.sampled_from(["HABB", "ALFH", "BPUN", "JCMA", "TMFB", "FMFB"]), st.integers(0, 10**16 - 1), digit_sets
)
def test_a_synthetic_iban_is_valid_and_is_read_back_in_every_writing(
    code: str, number: int, digits: str
) -> None:
    iban = synthetic_iban(code, number)
    assert IBAN(iban).is_valid
    assert parse_iban(written_in(format_iban(iban).lower(), digits)) == iban
    for place in (3, 12, 23):
        with pytest.raises(ValueError, match="not a valid IBAN"):
            parse_iban(flipped(iban, place))


@pytest.mark.parametrize("text", ["", "PK", "DE89370400440532013000", "PK36SCBL000000112345670", "hello"])
def test_a_foreign_or_broken_iban_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="IBAN"):
        parse_iban(text)


@pytest.mark.parametrize(
    ("code", "number"), [("hab", 1), ("HABBX", 1), ("HABB", -1), ("HABB", 10**16), ("ÄÖÜX", 1)]
)
def test_a_synthetic_iban_is_not_made_from_a_wrong_bank_code_or_number(code: str, number: int) -> None:
    with pytest.raises(ValueError, match="four capital letters"):
        synthetic_iban(code, number)


@pytest.mark.parametrize(
    "text",
    [
        "03001234567",
        "0300-1234567",
        "+92 300 1234567",
        "0092 300 1234567",
        "923001234567",
        "(0300) 1234567",
        "۰۳۰۰-۱۲۳۴۵۶۷",
    ],
)
def test_a_mobile_number_has_one_canonical_form(text: str) -> None:
    assert parse_mobile(text) == "+923001234567"
    assert parse_mobile(format_mobile("+923001234567")) == "+923001234567"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0300",
        "0211234567",
        "042-35761999",
        "+14155552671",
        "0300-FLOWERS",
        "0300123456789",
        "0300 1234567 ext 5",
    ],
)
def test_a_landline_a_foreign_number_or_letters_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Pakistani mobile"):
        parse_mobile(text)


@given(st.lists(sequences, unique=True, max_size=60))
def test_no_two_forms_share_a_number(chosen: list[int]) -> None:
    assert len(set(form_numbers(chosen, KEY))) == len(chosen)


def test_a_hundred_thousand_forms_in_a_row_share_no_number_and_follow_no_order() -> None:
    numbers = list(form_numbers(range(100_000), KEY))
    assert len(set(numbers)) == 100_000
    rising = sum(later > earlier for earlier, later in pairwise(numbers))
    assert 49_000 < rising < 51_000
    assert {len(number) for number in numbers} == {13}


@given(sequences)
def test_another_key_gives_another_number(sequence: int) -> None:
    assert form_number(sequence, KEY) != form_number(sequence, KEY + b"x")


@given(sequences)
def test_the_permutation_can_be_undone_with_the_key(sequence: int) -> None:
    """The rounds run backwards lead back to the sequence: so the map is one to one."""
    left, right = divmod(int(form_number(sequence, KEY)[:12]), 10**6)
    for turn in reversed(range(8)):
        mixed = int.from_bytes(blake2b(b"%d:%d" % (turn, left), digest_size=8, key=KEY).digest(), "big")
        left, right = (right - mixed) % 10**6, left
    assert left * 10**6 + right == sequence


@given(sequences, digit_sets, st.sampled_from(["{}", " {} ", "\u2067{}\u2069"]), st.booleans())
def test_a_form_number_is_read_back_as_printed_typed_or_in_urdu_digits(
    sequence: int, digits: str, around: str, dashed: bool
) -> None:
    number = form_number(sequence, KEY)
    printed = format_form_number(number) if dashed else number
    assert parse_form_number(around.format(written_in(printed, digits))) == number
    assert parse_form_number(format_form_number(number).replace("-", " ")) == number


@given(sequences, st.integers(0, 12))
def test_one_wrong_digit_in_a_form_number_is_noticed(sequence: int, place: int) -> None:
    with pytest.raises(ValueError, match="not a form number"):
        parse_form_number(flipped(form_number(sequence, KEY), place))


@pytest.mark.parametrize(
    "text", ["", "1234-5678-9012", "12345-678-90128", "1234-5678-90128-", "1234_5678_90128"]
)
def test_what_is_not_a_form_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a form number"):
        parse_form_number(text)


@pytest.mark.parametrize("sequence", [-1, FORM_NUMBERS])
def test_a_sequence_outside_the_range_is_refused_since_it_would_repeat_a_number(sequence: int) -> None:
    with pytest.raises(ValueError, match="sequence number"):
        form_number(sequence, KEY)


@pytest.mark.parametrize("key", [b"", b"short", b"k" * 65])
def test_a_form_number_key_that_could_be_guessed_or_would_be_cut_is_refused(key: bytes) -> None:
    with pytest.raises(ValueError, match="16 to 64 bytes"):
        form_number(1, key)
