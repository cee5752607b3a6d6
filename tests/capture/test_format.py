"""The text of dumps."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncauth import AsyncAuthError
from asyncauth.capture import Dump, MalformedDump, Opened, head_text, line

HEAD = "framing: nns\n\n"


@given(st.binary(min_size=1, max_size=60), st.data())
def test_lines_come_back(data: bytes, draw: st.DataObject) -> None:
    points = sorted(draw.draw(st.sets(st.integers(0, len(data)), max_size=6)))
    hidden = [(a, b) for a, b in zip(points[::2], points[1::2], strict=False)]
    dump = Dump.parse(HEAD + line(">", "3", 1.25, data, hidden))
    (chunk,) = dump.chunks["3"]
    assert (chunk.sender, chunk.seconds, list(chunk.hidden)) == (">", 1.25, hidden)
    blanked = bytearray(data)
    for start, end in hidden:
        blanked[start:end] = bytes(end - start)
    assert chunk.data == blanked


def test_all_of_a_file() -> None:
    dump = Dump.parse(
        "role: server\nnote: a: b\nnote: c\n\n+1 0.000000 2026-11-22T13:39:41Z 192.0.2.1:1\n# said by people\n"
        "\n<1 0.2 00ff\n>1 0.1 AB[3]cd\n+2.5 0 2026-11-22T13:39:42Z\n>1 0.3\n-1 0.4\n"
    )
    assert dump.head == [("role", "server"), ("note", "a: b"), ("note", "c")]
    assert (dump.get("note"), dump.get("absent")) == ("a: b", None)
    assert dump.opened == {
        "1": Opened("2026-11-22T13:39:41Z", "192.0.2.1:1"), "2.5": Opened("2026-11-22T13:39:42Z", ""),
    }  # fmt: skip
    assert dump.closed == {"1": 0.4}
    assert [chunk.data for chunk in dump.chunks["1"]] == [b"\xab\0\0\0\xcd", b"\0\xff", b""]
    assert dump.chunks["2.5"] == []


def test_a_head_is_one_line_a_key() -> None:
    text = head_text([("what", "two\nlines"), ("empty", "")])
    assert Dump.parse(text).head == [("what", "two lines"), ("empty", "")]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 1),
        ("framing: nns", 1),
        ("framing: nns\nno key here\n\n", 2),
        (HEAD + "> 0.1 00\n= 0.2 00\n", 4),
        (HEAD + "> soon 00\n", 3),
        (HEAD + "> 0.1 0\n", 3),
        (HEAD + "> 0.1 zz\n", 3),
        (HEAD + "> 0.1 00[x]\n", 3),
        (HEAD + "> 0.1 [99999999999]\n", 3),
        (HEAD + "> 0.1 [99999999]\n", 3),
        (HEAD + ">one 0.1 00\n", 3),
    ],
)
def test_a_line_that_is_none_is_named(text: str, number: int) -> None:
    with pytest.raises(MalformedDump, match=f"^line {number} ") as caught:
        Dump.parse(text)
    assert isinstance(caught.value, AsyncAuthError)
    assert caught.value.fix
    assert "\n" not in str(caught.value)


@given(st.text(max_size=200))
def test_no_other_error(text: str) -> None:
    for whole in (text, HEAD + text):
        with suppress(MalformedDump):
            Dump.parse(whole)
