"""Security identifiers: text, binary form, order."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncauth import InvalidName
from asyncauth._sid import Sid

NUMBERS = st.integers(0, 2**32 - 1)
SIDS = st.builds(
    Sid,
    st.one_of(st.integers(0, 20), st.integers(0, 2**48 - 1)),
    st.lists(NUMBERS, min_size=1, max_size=15).map(tuple),
)


@given(SIDS)
def test_text_and_bytes_give_the_same_sid_back(sid: Sid) -> None:
    for again in (Sid.parse(str(sid)), Sid.parse(str(sid).lower()), Sid.from_bytes(bytes(sid))):
        assert again == sid
        assert hash(again) == hash(sid)
    assert pickle.loads(pickle.dumps(sid)) == sid  # noqa: S301 - our own


@given(SIDS, SIDS)
def test_order_is_that_of_the_numbers(one: Sid, other: Sid) -> None:
    assert (one < other) is ((one.authority, one.subauthorities) < (other.authority, other.subauthorities))
    assert (one == other) is (str(one) == str(other)) is (bytes(one) == bytes(other))


@given(SIDS)
def test_domain_and_relative_identifier_make_the_sid(sid: Sid) -> None:
    assert sid.domain.with_rid(sid.rid) == sid if sid.domain is not None else len(sid.subauthorities) == 1


@given(st.binary(max_size=80))
def test_other_bytes_are_refused_or_mean_themselves(data: bytes) -> None:
    try:
        sid = Sid.from_bytes(data)
    except InvalidName:
        return
    assert bytes(sid) == data


@given(st.text(alphabet="Ss-15x0ABCDEF\u0665 \n", max_size=40))
def test_other_texts_are_refused_or_mean_themselves(text: str) -> None:
    try:
        sid = Sid.parse(text)
    except InvalidName:
        return
    assert Sid.parse(str(sid)) == sid


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("S-1-1-0", "010100000000000100000000"),
        ("S-1-5-32-544", "01020000000000052000000020020000"),
        (
            "S-1-5-21-1004336348-1177238915-682003330-512",
            "010500000000000515000000dcf4dc3b833d2b46828ba62800020000",
        ),
        ("S-1-0x123456789ABC-1", "0101123456789abc01000000"),
    ],
)
def test_known_sids(text: str, data: str) -> None:
    sid = Sid.parse(text)
    assert bytes(sid).hex() == data
    assert str(sid) == text
    assert repr(sid) == f"<Sid {text}>"
    assert Sid.from_bytes(bytes.fromhex(data)) == sid


@pytest.mark.parametrize(
    "text",
    [
        "", "S-1", "S-1-5", "S-2-5-1", "S-1-5-", "S-1-5-1-", "S-1-5--1", "S-1-5-4294967296", "S-1-5-+1", " S-1-5-1",
        "S-1-5-1\n", "S-1-0x1234-1", "S-1-5-0x10", "S-1-5" + "-1" * 16, "S-1-5-\u0661", "Domain Admins",
    ],
)  # fmt: skip
def test_texts_that_are_none(text: str) -> None:
    with pytest.raises(InvalidName) as caught:
        Sid.parse(text)
    assert caught.value.fix


@pytest.mark.parametrize(
    ("authority", "numbers"), [(-1, (1,)), (2**48, (1,)), (5, ()), (5, (1,) * 16), (5, (-1,)), (5, (2**32,))]
)
def test_numbers_that_are_none(authority: int, numbers: tuple[int, ...]) -> None:
    with pytest.raises(InvalidName):
        Sid(authority, numbers)


def test_a_full_sid_has_no_room_for_another_number() -> None:
    with pytest.raises(InvalidName):
        Sid(5, (1,) * 15).with_rid(1)
