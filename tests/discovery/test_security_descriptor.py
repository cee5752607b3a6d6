"""The edit of an access control list: nothing else changes, and damage is noticed."""

from __future__ import annotations

import contextlib
import struct
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncauth import _errors
from asyncauth.discovery._scp import RUN_TIME
from asyncauth.discovery._security_descriptor import _build, _parse, allow_properties

SID = bytes.fromhex("010500000000000515000000 01020304 05060708 090a0b0c 50040000")
INHERITED = 0x10


def ace(flags: int = 0, body: bytes = b"\x01\0\0\0" + SID, kind: int = 0) -> bytes:
    return struct.pack("<BBH", kind, flags, 4 + len(body)) + body


def descriptor(*aces: bytes) -> bytes:
    return _build(0x8004, list(aces))


aces = st.lists(
    st.builds(ace, st.sampled_from([0, 2]), st.binary(min_size=4, max_size=40).map(lambda b: b * 4)),
    max_size=5,
)


def test_exact_bytes() -> None:
    """(OA;;RPWP;28630eb8-41d5-11d1-a9c1-0000f80367c1;;SID), as Windows writes it."""
    after = allow_properties(descriptor(), SID, RUN_TIME[:1])
    wanted = "05003800 30000000 01000000 b80e6328d541d111a9c10000f80367c1"
    assert after == bytes.fromhex("0100048000000000000000000000000014000000 04004000 01000000" + wanted) + SID


@given(aces, aces)
def test_own_entries_stay_before_inherited_ones(own: list[bytes], below: list[bytes]) -> None:
    inherited = [entry[:1] + bytes([INHERITED]) + entry[2:] for entry in below]
    before = descriptor(*own, *inherited)
    after = allow_properties(before, SID, RUN_TIME)
    _, found = _parse(after)
    assert found[: len(own)] == own
    assert found[len(own) + 2 :] == inherited
    assert allow_properties(after, SID, RUN_TIME) == after


def test_what_is_there_is_not_added_again() -> None:
    once = allow_properties(descriptor(), SID, RUN_TIME[:1])
    both = allow_properties(once, SID, RUN_TIME)
    assert len(_parse(both)[1]) == 2


def test_protection_from_inheritance_stays() -> None:
    protected, _ = _parse(allow_properties(_build(0x9404, []), SID, RUN_TIME))
    assert protected & 0x1400 == 0x1400


@given(st.binary(max_size=80))
def test_damage_is_noticed(data: bytes) -> None:
    for value in (data, descriptor(ace())[: len(data)], b"\x01\x00\x04\x80" + data):
        with contextlib.suppress(_errors.MalformedRecord):
            allow_properties(value, SID, RUN_TIME)


def test_a_list_without_room() -> None:
    full = descriptor(*[ace(body=bytes(60_000))])
    with pytest.raises(_errors.MalformedRecord, match="no room"):
        allow_properties(full, SID, [uuid.uuid4() for _ in range(100)])
    with pytest.raises(_errors.MalformedRecord, match="longer than the list"):
        allow_properties(descriptor(ace())[:-1], SID, RUN_TIME)
    with pytest.raises(_errors.MalformedRecord, match="no discretionary"):
        allow_properties(bytes(20), SID, RUN_TIME)
