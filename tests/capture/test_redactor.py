"""A dump has no secret in it, and says the same without them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncauth.capture import Chunk, Dump, Message, Redactor, head_text, messages, wire_of

from ..vectors.capture import Capture
from .vectors import FILES, name_of

files = pytest.mark.parametrize("path", FILES, ids=name_of)


def dumped(dump: Dump, cuts: dict[int, int] | None = None) -> str:
    """The dump that we would have written of a captured conversation.

    :param cuts: for numbers of chunks, after how many bytes they come in two
    """
    bare = dump.get("protection") == "NONE"
    redactor = Redactor("7", wire_of(dump.get("framing"), bare=bare))
    head = [("framing", dump.get("framing") or ""), ("require", "none" if bare else "seal")]
    text = [head_text(head), redactor.opened("2026-11-22T13:39:41.000Z", "192.0.2.1:40000")]
    for number, chunk in enumerate(dump.chunks["1"]):
        at = (cuts or {}).get(number, 0)
        pieces = (chunk.data[:at], chunk.data[at:]) if 0 < at < len(chunk.data) else (chunk.data,)
        text += [redactor.passed(chunk.sender, chunk.seconds, data) for data in pieces]
    return "".join([*text, redactor.closed(9.0)])


def secrets(path: Path) -> list[bytes]:
    """What must not be in a dump, by the independent description in the file: whatever is encrypted or plain."""
    capture = Capture.parse(path.read_text())
    found: list[bytes] = []
    position, rest = dict.fromkeys("><", 0), path.read_text().partition("\n\n")[2]
    pending: list[tuple[int, int]] = []
    begins: list[tuple[int, list[tuple[int, int]]]] = []
    for line in rest.splitlines():
        if line.startswith("# ") and line.endswith("offset, size, field"):
            pending = []
            begins.append((int(line.split()[3]), pending))
        elif line.startswith("# "):
            _, offset, size, *text = line.split(maxsplit=3)
            if any(
                word in "".join(text)
                for word in ("enc-part", "authenticator", "encrypted data", "checksum", "data as it is")
            ):
                pending.append((int(offset), int(size)))
        elif line:
            sender = line[0]
            whole = capture.sent(sender)
            for length, fields in begins:
                start = position[sender]
                found.extend(whole[start + at : start + at + count] for at, count in fields)
                position[sender] += length
            begins = []
    return [secret for secret in found if len(secret) > 8]


@files
def test_no_secret_is_left(path: Path) -> None:
    text = dumped(Dump.parse(path.read_text()))
    shown = {sender: b"".join(shown_bytes(text, sender)) for sender in "><"}
    expected = secrets(path)
    assert expected or "refused" in path.stem or "fails" in path.stem
    realm = (Capture.parse(path.read_text())["realm"].partition(",")[0]).encode()
    for secret in expected:
        for at in range(0, len(secret) - 8, 8):
            if (piece := secret[at : at + 8]) != realm:  # which is in the ticket's clear part too
                assert piece not in shown[">"]
                assert piece not in shown["<"]


def shown_bytes(text: str, sender: str) -> list[bytes]:
    dump = Dump.parse(text)
    runs = []
    for chunk in (each for each in dump.chunks["7"] if each.sender == sender):
        at = 0
        for start, end in (*chunk.hidden, (len(chunk.data), len(chunk.data))):
            runs.append(chunk.data[at:start])
            at = end
    return runs


@files
def test_a_dump_says_what_the_capture_said(path: Path) -> None:
    before = Dump.parse(path.read_text())
    after = Dump.parse(dumped(before))
    assert after.opened["7"].address == "192.0.2.1:40000"
    assert after.closed == {"7": 9.0}
    for one, other in zip(messages(before, "1"), messages(after, "7"), strict=True):
        if isinstance(one, Message) and isinstance(other, Message):
            assert (one.sender, one.position, one.size, one.token) == (
                other.sender,
                other.position,
                other.size,
                other.token,
            )
            assert one.seconds == pytest.approx(other.seconds)
        else:
            assert isinstance(one, Chunk)
            assert isinstance(other, Chunk)
            assert one.sender == other.sender


@files
@settings(max_examples=15)
@given(data=st.data())
def test_a_dump_does_not_depend_on_the_cuts_between_chunks(path: Path, data: st.DataObject) -> None:
    dump = Dump.parse(path.read_text())
    count = len(dump.chunks["1"])
    cuts = data.draw(st.dictionaries(st.integers(0, count), st.integers(1, 1500), max_size=count))
    text = dumped(dump, cuts)
    again = [each for each in messages(Dump.parse(text), "7") if isinstance(each, Message)]
    expected = [each for each in messages(dump, "1") if isinstance(each, Message)]
    if dump.get("protection") != "NONE":
        assert sorted((m.sender, m.position, m.size, m.title) for m in again) == sorted(
            (m.sender, m.position, m.size, m.title) for m in expected
        )
    for sender in "><":
        assert sum(m.size for m in again if m.sender == sender) == sum(
            m.size for m in expected if m.sender == sender
        )
    hidden = {secret.hex() for secret in secrets(path)}
    assert not [secret for secret in hidden if secret in text.replace("\n", "")]


@pytest.mark.parametrize(
    "framing", ["nns", "winsock", "gss-sample", "gss-sample-v1", "sasl", "ldap", "something new"]
)
def test_what_is_not_understood_is_left_out(framing: str) -> None:
    redactor = Redactor("1", wire_of(framing, bare=False))
    text = redactor.passed(">", 0.0, b"PASSWORD=hunter2 and so on") + redactor.passed(
        "<", 0.0, b"\0SECRET" * 9
    )
    text += redactor.closed(1.0)
    assert b"hunter2".hex() not in text
    assert b"SECRET".hex() not in text
    assert "[" in text


@pytest.mark.parametrize("framing", ["nns", "winsock", "gss-sample", "sasl", "ldap"])
def test_half_a_message_at_the_end_is_left_out(framing: str) -> None:
    redactor = Redactor("1", wire_of(framing, bare=False))
    begun = {
        "nns": "1601000596", "winsock": "96050000", "gss-sample": "0200000596", "sasl": "0200000596",
        "ldap": "308205b50201016082",
    }[framing]  # fmt: skip
    data = bytes.fromhex(begun) + b"\x60\x82\x05\x92 the beginning of a token"
    assert redactor.passed(">", 0.5, data) == ""
    assert redactor.closed(1.0) == f">1 0.500000 [{len(data)}]\n-1 1.000000\n"


def test_what_is_bare_is_counted() -> None:
    redactor = Redactor("1", wire_of("nns", bare=True))
    redactor.passed("<", 0.0, bytes.fromhex("1401a10000"))
    assert redactor.passed(">", 0.25, b"plaintext" * 1000) == ">1 0.250000 [9000]\n"


def test_a_message_in_many_pieces_has_each_of_their_times() -> None:
    wrapped = bytes.fromhex("050406ff000000000000000000000007") + bytes(44)
    redactor = Redactor("1", wire_of("nns", bare=False))
    redactor.passed("<", 0.0, bytes.fromhex("1401a10000"))
    message = len(wrapped).to_bytes(4, "little") + wrapped
    assert redactor.passed(">", 1.0, message[:10]) == ""
    assert redactor.passed(">", 2.0, message[10:30]) == ""
    lines = redactor.passed(">", 3.0, message[30:]).splitlines()
    assert lines == [
        ">1 1.000000 3c000000050406ff0000",
        ">1 2.000000 00000000000000000007[10]",
        ">1 3.000000 [34]",
    ]
