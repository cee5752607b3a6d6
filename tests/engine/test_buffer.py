"""What was received, cut into frames, however it came."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncauth import FrameTooLarge
from asyncauth.engine._buffer import ReceiveBuffer
from asyncauth.framings import Winsock

HEADER = Winsock().message
LIMIT = HEADER.limit
sizes = st.one_of(st.integers(0, 40), st.integers(2_040, 2_060), st.integers(60_000, LIMIT))


def framed(body: bytes) -> bytes:
    return HEADER.build(0, len(body)) + body


def body_of(size: int, number: int) -> bytes:
    return (bytes((index * 7 + number) % 251 for index in range(251)) * (size // 251 + 1))[:size]


@given(
    lengths=st.lists(sizes, max_size=6),
    cuts=st.lists(st.sampled_from((1, 3, 4, 5, 100, 2_048, 70_000, 262_144)), min_size=1, max_size=6),
    every=st.integers(1, 4),
)
def test_any_cutting_gives_the_same_frames(lengths: list[int], cuts: list[int], every: int) -> None:
    """Also if frames are asked for only after ``every`` piece."""
    bodies = [body_of(size, number) for number, size in enumerate(lengths)]
    data, at, turn, received = b"".join(map(framed, bodies)), 0, 0, ReceiveBuffer()
    found: list[bytes] = []
    while at < len(data) and turn < 1_000:
        size = cuts[turn % len(cuts)] if turn < 400 else 262_144
        received.feed(data[at : at + size])
        at, turn = at + size, turn + 1
        if turn % every == 0 or at >= len(data):
            while (body := received.take_body(HEADER, LIMIT)) is not None:
                found.append(bytes(body))
    assert found == bodies
    assert not len(received)
    assert not received.inside_frame


def test_a_frame_belongs_to_who_took_it() -> None:
    """Views outlive what comes next, and bytes are not those that were fed."""
    for size in (1, 100, 2_048, 60_000):
        received, body = ReceiveBuffer(), body_of(size, 1)
        received.feed(HEADER.build(0, len(body)))
        assert received.take_body(HEADER, LIMIT) is None
        received.feed(body)
        first = received.take_body(HEADER, LIMIT)
        assert first is not body
        received.feed(framed(b"x" * 5_000))
        assert received.take_body(HEADER, LIMIT) == b"x" * 5_000
        assert first == body


def test_a_longer_frame_is_left_where_it_is() -> None:
    received = ReceiveBuffer()
    received.feed(framed(b"a") + framed(b"b" * 101))
    assert received.take_body(HEADER, LIMIT, 100) == b"a"
    assert received.take_body(HEADER, LIMIT, 100) is None
    assert received.inside_frame
    assert received.take_body(HEADER, LIMIT) == b"b" * 101


def test_what_is_announced_too_large_is_not_kept() -> None:
    received = ReceiveBuffer()
    received.feed(HEADER.build(0, 1_001) + bytes(100_000))
    with pytest.raises(FrameTooLarge):
        received.take_body(HEADER, 1_000)
    assert len(received) == 0


def test_a_stranger_who_trickles_costs_what_he_sent() -> None:
    """A byte at a time, each asked for; memory stays in proportion to the frame, and so does the number of copies."""
    received, body = ReceiveBuffer(), bytes(LIMIT)
    data = framed(body)
    received.feed(data[:1])
    tracemalloc.start()
    try:
        for index in range(1, len(data) - 1):
            assert received.take_frame(HEADER, LIMIT) is None
            received.feed(data[index : index + 1])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3 * LIMIT
    received.feed(data[-1:])
    frame = received.take_frame(HEADER, LIMIT)
    assert frame is not None
    assert frame.body == body


def test_a_piece_that_was_taken_is_let_go() -> None:
    received = ReceiveBuffer()
    received.feed(framed(b"a" * 3_000))
    assert received.take_body(HEADER, LIMIT) == b"a" * 3_000
    assert received.piece == b""
