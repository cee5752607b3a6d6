"""Conversations cut into messages: the captured ones against their independent description, and damaged ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncauth.capture import Chunk, Dump, Message, Reading, fields, messages, wire_of, words
from asyncauth.tokens import Part, Wrap

from ..vectors.capture import Capture
from .vectors import FILES, described, name_of

FRAMINGS = ["nns", "winsock", "winsock-one-shot", "gss-sample", "gss-sample-v1", "sasl", "ldap", None]
files = pytest.mark.parametrize("path", FILES, ids=name_of)


def said(path: Path) -> list[Message]:
    return [each for each in messages(Dump.parse(path.read_text())) if isinstance(each, Message)]


def begins_with_a_token(path: Path) -> bool:
    """Not an error, nor gss-sample's word for doing without authentication, nor the one form that Winsock shares."""
    return not path.stem.endswith(("client_fails", "refused_na", "one_shot"))


def negotiates(message: Message) -> bool:
    """SASL's offer and choice of a layer are signed in any case."""
    return str(message.framing.get("operation")).startswith("Bind")


def fits(part: Part, written: tuple[int, int, str]) -> bool:
    """Whether ours says the same; it may say more of it."""
    return (part.offset, part.size) == written[:2] and part.text.startswith(written[2])


@files
def test_every_field_is_the_one_that_was_described(path: Path) -> None:
    read = said(path)
    written = described(path.read_text())
    assert len(read) == len(written)
    for theirs in written:
        candidates = [message for message in read if message.size == theirs.size]
        fitting = [
            message
            for message in candidates
            if all(any(fits(part, each) for part in message.parts) for each in theirs.fields)
        ]
        assert fitting, theirs
        read.remove(fitting[0])


@files
def test_nothing_is_left_over(path: Path) -> None:
    capture = Capture.parse(path.read_text())
    read = said(path)
    for sender in "><":
        position = 0
        for message in (each for each in read if each.sender == sender):
            assert message.position == position
            position += message.size
        assert position == len(capture.sent(sender))
    assert not [each.title for each in read if "cannot" in each.title or "cut off" in each.title]


@files
def test_the_text_is_read_as_the_recorders_write_it(path: Path) -> None:
    capture, dump = Capture.parse(path.read_text()), Dump.parse(path.read_text())
    assert dump.head == list(capture.head)
    assert [chunk[1:4] for chunk in dump.chunks["1"]] == [tuple(chunk) for chunk in capture.chunks]


@pytest.mark.parametrize("path", [path for path in FILES if begins_with_a_token(path)], ids=name_of)
def test_a_file_that_does_not_say_its_framing(path: Path) -> None:
    dump = Dump.parse(path.read_text())
    dump.head = [(key, value) for key, value in dump.head if key != "framing"]
    assert [each.title for each in messages(dump) if isinstance(each, Message)] == [
        m.title for m in said(path)
    ]


@files
def test_words_and_fields(path: Path) -> None:
    dump = Dump.parse(path.read_text())
    read = said(path)
    lines = [line for message in read if message.token for line in words(message.token)]
    facts = [fields(message.token) for message in read if message.token]
    if any("AP-REQ" in line for line in lines):
        assert any(f"AP-REQ for {dump.get('spn')} in realm" in line for line in lines)
        assert dump.get("spn") in [fact.get("spn") for fact in facts]
    after = [fields(message.token) for message in read if message.token and not negotiates(message)]
    sealed = {fact["sealed"] for fact in after if fact["token"] == "Wrap"}
    if dump.get("protection") != "none reached":  # a client that was refused may go on all the same
        assert sealed <= {dump.get("protection") == "SEAL"}


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("bare", [False, True])
@given(chunks=st.lists(st.tuples(st.sampled_from("><"), st.binary(max_size=120)), max_size=6))
def test_garbage_is_all_accounted_for(framing: str, bare: bool, chunks: list[tuple[str, bytes]]) -> None:
    reading = Reading(wire_of(framing, bare=bare))
    total = dict.fromkeys("><", 0)
    seen = dict.fromkeys("><", 0)
    found = []
    for sender, data in chunks:
        total[sender] += len(data)
        found += reading.feed(sender, 0.0, data)
    for sender in "><":
        found += reading.end(sender)
    for message in found:
        assert message.position == seen[message.sender]
        seen[message.sender] += message.size
        assert message.size > 0
        for part in message.parts:
            assert 0 <= part.offset <= part.offset + part.size <= message.size
    assert seen == total


@files
@settings(max_examples=15)
@given(data=st.data())
def test_the_cuts_between_chunks_do_not_matter(path: Path, data: st.DataObject) -> None:
    dump = Dump.parse(path.read_text())
    whole = [each for each in messages(dump) if isinstance(each, Message)]
    pieces: list[Chunk] = []
    for chunk in dump.chunks["1"]:
        at = data.draw(st.integers(0, len(chunk.data)))
        if 0 < at < len(chunk.data):
            pieces.append(chunk._replace(data=chunk.data[:at]))
        pieces.append(chunk._replace(data=chunk.data[at:] if at < len(chunk.data) else chunk.data))
    dump.chunks["1"] = pieces
    again = [each for each in messages(dump) if isinstance(each, Message)]
    key = [(each.sender, each.position, each.title, each.parts) for each in whole if each.title != "data"]
    assert [k for k in key if k not in [(e.sender, e.position, e.title, e.parts) for e in again]] == []


def test_what_is_not_known_ends_reading_in_its_direction_only() -> None:
    reading = Reading(wire_of("nns", bare=False))
    assert [m.title for m in reading.feed(">", 0.0, b"GET / HTTP/1.1")] == ["bytes that cannot be read"]
    assert [m.title for m in reading.feed(">", 0.0, bytes.fromhex("1601000000"))] == [
        "bytes that cannot be read"
    ]
    assert [m.title for m in reading.feed("<", 0.0, bytes.fromhex("1601000000"))] == ["HandshakeInProgress"]


def test_ntlms_messages_have_a_signature() -> None:
    reading = Reading(wire_of("winsock", bare=False))
    sealed = b"\x01\0\0\0" + bytes(12) + b"ciphertext"
    (message,) = reading.feed(">", 0.0, len(sealed).to_bytes(4, "little") + sealed)
    assert message.title == "message"
    assert list(message.secrets()) == [(4, 30)]


def test_data_after_a_handshake_that_ended_in_an_error() -> None:
    reading = Reading(wire_of("nns", bare=False))
    (error,) = reading.feed("<", 0.0, bytes.fromhex("1501a10008fe060000000006fe"))
    assert error.framing["code"] == 1790
    wrapped = bytes.fromhex("050406ff000000000000000000000007") + bytes(44)
    (message,) = reading.feed(">", 0.0, len(wrapped).to_bytes(4, "little") + wrapped)
    assert isinstance(message.token, Wrap)
    assert message.token.number == 7


def test_sasl() -> None:
    reading = Reading(wire_of("sasl", bare=False))
    start, *_ = reading.feed(">", 0.0, b"\x01\0\0\0\x06GSSAPI")
    assert (start.title, start.framing) == ("START", {"kind": 1, "mechanism": "GSSAPI"})
    (other,) = reading.feed(">", 0.0, b"\x01\0\0\0\x05PLAIN")
    assert list(other.secrets()) == [(16, 21)]
    (bad,) = reading.feed("<", 0.0, b"\x03\0\0\0\x02no")
    assert (bad.title, bad.framing["error"]) == ("BAD", "no")
    wrapped = bytes.fromhex("050406ff000000000000000000000007") + bytes(44)
    (message,) = reading.feed(">", 0.0, len(wrapped).to_bytes(4, "big") + wrapped)
    assert isinstance(message.token, Wrap)
    assert list(message.secrets()) == [(41, 85)]
