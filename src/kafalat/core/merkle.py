"""Merkle tree hashes of RFC 9162 (SHA-256): one root for a list, and short proofs against that root.

A root printed on paper or sent outside lets anybody who holds it tell later whether an entry of the list was changed,
removed or put in. Leaves and inner nodes are hashed with different prefixes, so a node can never pass for a leaf.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256


def leaf_hash(leaf: bytes) -> bytes:
    """Return the 32-byte hash of one entry."""
    return sha256(b"\x00" + leaf).digest()


def _node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def root(leaves: Iterable[bytes]) -> bytes:
    """Return the 32-byte root over `leaves` in their order; the empty list has the hash of no bytes (RFC 9162, 2.1.1).

    Works through the leaves once and holds one hash per level, so any number of them can be streamed.
    """
    peaks: list[
        bytes
    ] = []  # roots of complete subtrees, largest first, as the binary digits of the count so far
    for count, leaf in enumerate(leaves):
        node = leaf_hash(leaf)
        merged = count
        while merged & 1:
            node = _node_hash(peaks.pop(), node)
            merged >>= 1
        peaks.append(node)
    if not peaks:
        return sha256(b"").digest()
    node = peaks.pop()
    while peaks:
        node = _node_hash(peaks.pop(), node)
    return node


def _split(size: int) -> int:
    """Return the largest power of two smaller than `size` (at least 2): where RFC 9162 splits a list."""
    return 1 << (size - 1).bit_length() - 1


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the hashes that lead from entry `index` (0-based) to the root; raises IndexError outside the list."""
    if not 0 <= index < len(leaves):
        msg = f"entry {index} of a list of {len(leaves)}"
        raise IndexError(msg)
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*inclusion_proof(leaves[:split], index), root(leaves[split:])]
    return [*inclusion_proof(leaves[split:], index - split), root(leaves[:split])]


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """Return the root that `proof` leads to for entry `index` of `size`, or None when the proof has a wrong length.

    The entry is proved when the result equals a root known from elsewhere.
    """
    if not 0 <= index < size:
        return None
    node, steps = leaf_hash(leaf), iter(proof)
    place, last = index, size - 1
    for step in steps:
        if last == 0:
            return None
        if place & 1 or place == last:
            node = _node_hash(step, node)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            node = _node_hash(node, step)
        place, last = place >> 1, last >> 1
    return node if last == 0 else None
