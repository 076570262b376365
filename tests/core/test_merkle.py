"""Merkle hashing agrees with RFC 9162's vectors and with pymerkle, an implementation nobody here wrote."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from kafalat.core.merkle import inclusion_proof, leaf_hash, root, root_from_inclusion

# The test leaves and roots of Certificate Transparency's reference implementation (RFC 6962 and RFC 9162 hash alike).
LEAVES = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)

lists_of_leaves = st.lists(st.binary(max_size=40), max_size=70)


@pytest.mark.parametrize("size", range(len(ROOTS)))
def test_the_root_is_the_one_the_reference_publishes(size: int) -> None:
    assert root(LEAVES[:size]).hex() == ROOTS[size]


@given(lists_of_leaves)
def test_the_root_is_the_one_pymerkle_finds(leaves: list[bytes]) -> None:
    tree = InmemoryTree(algorithm="sha256")
    for leaf in leaves:
        tree.append_entry(leaf)
    assert root(iter(leaves)) == (tree.get_root() if leaves else sha256(b"").digest())


@given(lists_of_leaves.filter(bool), st.data())
def test_an_entry_is_proved_by_its_path_and_no_other_entry_is(
    leaves: list[bytes], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    proof, size = inclusion_proof(leaves, index), len(leaves)
    assert root_from_inclusion(leaves[index], index, size, proof) == root(leaves)
    assert root_from_inclusion(leaves[index] + b"x", index, size, proof) != root(leaves)
    assert root_from_inclusion(leaves[index], index, size, [*proof, b"\0" * 32]) is None
    if proof:
        assert root_from_inclusion(leaves[index], index, size, proof[:-1]) is None


@given(lists_of_leaves.filter(bool), st.data())
def test_any_edit_of_the_list_changes_the_root(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    changed = [*leaves[:index], leaves[index] + b"x", *leaves[index + 1 :]]
    shorter = [*leaves[:index], *leaves[index + 1 :]]
    assert len({root(leaves), root(changed), root(shorter)}) == 3


def test_a_proof_is_refused_for_a_place_outside_the_list() -> None:
    with pytest.raises(IndexError):
        inclusion_proof(LEAVES, len(LEAVES))
    assert root_from_inclusion(b"", 8, 8, []) is None


def test_without_separate_prefixes_an_inner_node_would_pass_for_a_leaf() -> None:
    """Control: hashing leaves and nodes alike lets a two-entry list share its root with a one-entry list."""
    left, right = sha256(b"a").digest(), sha256(b"b").digest()
    assert (
        sha256(left + right).digest() == sha256(b"".join([left, right])).digest()
    )  # the list [left + right], unprefixed
    assert root([b"a", b"b"]) != root([leaf_hash(b"a") + leaf_hash(b"b")])
