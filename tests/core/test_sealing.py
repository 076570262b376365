"""Sealing: equal values can be found, altered or misplaced bytes do not open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafalat.core.problems import Problem
from kafalat.core.sealing import Sealer

SEALER = Sealer(bytes(range(32)))
purposes = st.sampled_from(["person.cnic", "person.mobile", "account.iban"])


@given(st.text(), purposes)
def test_a_sealed_value_opens_to_itself_and_seals_the_same_way_twice(value: str, purpose: str) -> None:
    sealed = SEALER.seal(value, purpose)
    assert SEALER.unseal(sealed, purpose) == value
    assert SEALER.seal(value, purpose) == sealed
    assert len(sealed) == len(value.encode()) + 16


@given(st.lists(st.none() | st.text()), purposes)
def test_many_values_seal_as_each_does_alone_and_none_stays_none(
    values: list[str | None], purpose: str
) -> None:
    expected = [None if value is None else SEALER.seal(value, purpose) for value in values]
    assert SEALER.seal_many(values, purpose) == expected


@given(st.text(min_size=1), st.data())
def test_any_flipped_bit_is_refused(value: str, data: st.DataObject) -> None:
    sealed = bytearray(SEALER.seal(value, "person.cnic"))
    place = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[place // 8] ^= 1 << place % 8
    with pytest.raises(Problem) as refusal:
        SEALER.unseal(bytes(sealed), "person.cnic")
    assert refusal.value.code == "sealing.unreadable"


@pytest.mark.parametrize("sealed", [b"", b"short", b"x" * 15])
def test_bytes_too_short_to_be_sealed_are_refused(sealed: bytes) -> None:
    with pytest.raises(Problem, match="does not open"):
        SEALER.unseal(sealed, "person.cnic")


def test_another_key_or_purpose_does_not_open_and_does_not_match() -> None:
    sealed = SEALER.seal("3520212345678", "person.cnic")
    other = Sealer(bytes(range(1, 33)))
    assert other.seal("3520212345678", "person.cnic") != sealed
    assert SEALER.seal("3520212345678", "payee.cnic") != sealed
    with pytest.raises(Problem, match=r"person\.cnic"):
        other.unseal(sealed, "person.cnic")
    with pytest.raises(Problem, match=r"payee\.cnic"):
        SEALER.unseal(sealed, "payee.cnic")


def test_the_plain_value_is_not_in_the_sealed_bytes() -> None:
    assert b"35202" not in SEALER.seal("3520212345678", "person.cnic")


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32 bytes"):
        Sealer(b"0" * 31)
