"""Gaps, repetitions, order, and the end of the numbers: as MIT itself has it, because it is MIT that decides."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from gssapi import raw
from hypothesis import given
from hypothesis import strategies as st

from asyncauth import IntegrityError
from asyncauth.mechanisms._gss._messages import GssMessages

from .contexts import Ends, clones, messages, renumbered

COUNT = 80
"""More than the 64 numbers that MIT remembers."""
_REPLAY, _SEQUENCE, _SEAL, _SIGN = 0x04, 0x08, 0x10, 0x20


def outcome(server: GssMessages, token: bytes) -> object:
    try:
        return server.unwrap(token)
    except IntegrityError as error:
        return error.code, error.message


@pytest.mark.parametrize("checks", [_REPLAY | _SEQUENCE, _REPLAY, _SEQUENCE, 0])
@given(order=st.lists(st.integers(0, COUNT - 1), max_size=150), seed=st.integers())
def test_any_order_ends_as_with_mit(
    fresh: Callable[..., Ends], checks: int, order: list[int], seed: int
) -> None:
    """Also where the client asked for fewer checks: then there are fewer."""
    ends = fresh(flags=checks | _SEAL | _SIGN)
    mit, ours, mixed = clones(ends.server, False, 3)
    choice = Random(seed)  # noqa: S311 - which path, not which key
    tokens = [
        ends.bulk_client.wrap(bytes((n,)), True)
        if choice.random() < 0.5
        else raw.wrap(ends.client, bytes((n,)), True)[0]
        for n in range(COUNT)
    ]
    mixed._bulk = ours._bulk and type(ours._bulk)(mixed._context, False, ours._bulk._enctype)  # type: ignore[arg-type]
    for number in order:
        mixed._bulk_from = choice.choice((0, 1_000_000))
        expected = outcome(mit, tokens[number])
        assert outcome(ours, tokens[number]) == expected
        assert outcome(mixed, tokens[number]) == expected


@pytest.mark.parametrize(
    ("order", "says"),
    [
        ([0, 2], "a message before it is missing"),
        ([0, 0], "a second time"),
        ([0, 2, 1], "out of sequence|too old"),
        ([1], "a message before it is missing"),
    ],
)
@pytest.mark.parametrize("detached", [False, True])
def test_what_is_said(fresh: Callable[..., Ends], order: list[int], says: str, detached: bool) -> None:
    ends = fresh()
    server = messages(ends.server, False)
    data = bytes(5000)
    sent = [ends.bulk_client.sign(data) if detached else ends.bulk_client.wrap(data, True) for _ in range(3)]

    def receive(token: bytes) -> None:
        if detached:
            server.verify(data, token)
        else:
            server.unwrap(token)

    receive(sent[order[0]]) if order[0] == 0 else None
    for number in order[1 if order[0] == 0 else 0 : -1]:
        with pytest.raises(IntegrityError):
            receive(sent[number])
    with pytest.raises(IntegrityError, match=says):
        receive(sent[order[-1]])


@pytest.mark.parametrize("ahead", [0, 1, 3])
def test_the_numbers_begin_anew_after_the_last(fresh: Callable[..., Ends], ahead: int) -> None:
    """From 2**64 - 1 to 0, sender and receiver each on either path."""
    ends = fresh()
    first = raw.get_mic(ends.client, b"")
    raw.verify_mic(ends.server, b"", first)
    number = int.from_bytes(first[8:16], "big")
    start = 2**64 - ahead
    client = messages(renumbered(ends.client, number + 1, start % 2**64), True)
    server = messages(renumbered(ends.server, number, start - 1), False)
    numbers = []
    for turn in range(8):
        client._bulk_from, server._bulk_from = 1_000_000 * (turn & 1), 1_000_000 * (turn >> 1 & 1)
        token = client.wrap(b"data", True)
        numbers.append(int.from_bytes(token[8:16], "big"))
        assert server.unwrap(token) == (b"data", True)
    assert numbers == [(start + turn) % 2**64 for turn in range(8)]
    with pytest.raises(IntegrityError, match="second time"):
        server.unwrap(token)
