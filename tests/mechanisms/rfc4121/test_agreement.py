"""What one end makes, the other opens: ours and MIT's in all combinations, and the independent reading."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from typing import Any

import pytest
from gssapi import raw
from hypothesis import given
from hypothesis import strategies as st

from ...peers.rfc4121 import Session
from .contexts import Ends

FRAME = 65_536
SIZES = st.one_of(
    st.integers(0, 100),
    st.integers(0, FRAME // 16 + 40).map(lambda blocks: blocks * 16),
    st.integers(0, FRAME + 600),
)


def data_of(size: int) -> bytes:
    return Random(size).randbytes(size)  # noqa: S311 - any bytes will do


def exchange(pair: Ends, data: bytes, seal: bool) -> None:
    """Ours to MIT, MIT's to ours, ours to ours."""
    assert raw.unwrap(pair.server, pair.bulk_client.wrap(data, seal))[:2] == (data, seal)
    assert pair.bulk_server.unwrap(raw.wrap(pair.client, data, seal)[0]) == (data, seal)
    assert pair.bulk_server.unwrap(pair.bulk_client.wrap(data, seal)) == (data, seal)


@given(size=SIZES, seal=st.booleans())
def test_messages(pair: Ends, size: int, seal: bool) -> None:
    exchange(pair, data_of(size), seal)


@given(size=SIZES)
def test_signatures(pair: Ends, size: int) -> None:
    data = data_of(size)
    raw.verify_mic(pair.server, data, pair.bulk_client.sign(data))
    assert pair.bulk_server.verify(data, raw.get_mic(pair.client, data))
    assert pair.bulk_server.verify(data, pair.bulk_client.sign(data))


def sizes(step: int) -> Iterable[int]:
    return (*range(300), *range(300, FRAME - 100, step), *range(FRAME - 100, FRAME + 100))


@pytest.mark.parametrize("enctype", [18, 20])
@pytest.mark.parametrize("step", [997, pytest.param(1, marks=[pytest.mark.heavy, pytest.mark.timeout(1800)])])
def test_every_size(fresh: Callable[..., Ends], enctype: int, step: int) -> None:
    ends = fresh(enctype)
    data = data_of(FRAME + 100)
    for size in sizes(step):
        exchange(ends, data[:size], True)


CALLS = ("wrap", "sign", "sealed")


@given(calls=st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans(), st.sampled_from(CALLS))))
def test_each_end_changes_over_when_it_likes(pair: Ends, calls: list[tuple[bool, bool, bool, str]]) -> None:
    """Any order of messages and signatures, in both directions; either end by GSSAPI or on the bulk path."""
    for number, (turned, sender_bulk, receiver_bulk, what) in enumerate(calls):
        ends = pair.turned() if turned else pair
        data = data_of(number)
        if what == "sign":
            mic = ends.bulk_client.sign(data) if sender_bulk else raw.get_mic(ends.client, data)
            if receiver_bulk:
                assert ends.bulk_server.verify(data, mic)
            else:
                raw.verify_mic(ends.server, data, mic)
            continue
        seal = what == "sealed"
        send: Any = ends.bulk_client.wrap(data, seal) if sender_bulk else raw.wrap(ends.client, data, seal)[0]
        got: Any = ends.bulk_server.unwrap(send) if receiver_bulk else raw.unwrap(ends.server, send)
        assert tuple(got)[:2] == (data, seal)


def test_memory_views_will_do(fresh: Callable[..., Ends]) -> None:
    ends = fresh()
    data = data_of(5000)
    assert raw.unwrap(ends.server, ends.bulk_client.wrap(memoryview(data), True))[0] == data
    assert raw.unwrap(ends.server, ends.bulk_client.wrap(memoryview(data)[:77], False))[0] == data[:77]
    raw.verify_mic(ends.server, data, ends.bulk_client.sign(memoryview(data)))


@given(size=st.integers(0, 400), seal=st.booleans(), turn=st.integers(0, 65_535))
@pytest.mark.parametrize("enctype", [17, 18])
def test_the_independent_reading(
    fresh: Callable[..., Ends], enctype: int, size: int, seal: bool, turn: int
) -> None:
    ends, data = cached(fresh, enctype), data_of(size)
    session = Session(ends.key)
    token = ends.bulk_server.wrap(data, seal)
    opened = session.unwrap(token)
    assert opened[:2] == (data, seal)
    assert (opened.by_acceptor, opened.rotated) == (True, 0)
    assert session.verify(data, ends.bulk_server.sign(data)) == opened.number + 1
    number = int.from_bytes(raw.get_mic(ends.client, b"")[8:16], "big")
    theirs = session.wrap(data, number, by_acceptor=False, sealed=seal, turn=turn)
    assert ends.bulk_server.unwrap(theirs) == (data, seal)
    number = int.from_bytes(raw.get_mic(ends.client, b"")[8:16], "big")
    assert ends.bulk_server.verify(data, session.sign(data, number, by_acceptor=False))


KEPT: dict[int, Ends] = {}


def cached(fresh: Callable[..., Ends], enctype: int) -> Ends:
    if enctype not in KEPT:
        KEPT[enctype] = fresh(enctype)
    return KEPT[enctype]
