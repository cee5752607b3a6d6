"""LDAP: what is told of binds, and that nothing is told of anything else."""

from __future__ import annotations

import pytest

from asyncauth.capture import Dump, Message, Reading, Redactor, messages, wire_of
from asyncauth.tokens import NegTokenInit, Wrap

from ..peers.ldap import messages as ldap
from ..peers.ldap.messages import Element
from .vectors import VECTORS

WRAPPED = bytes.fromhex("050406ff000000000000000000000007") + bytes(44)
SECRET = b"hunter2 and so on"
SIMPLE = Element(ldap.BIND, b"\x02\x01\x03\x04\x05cn=me\x80" + bytes((len(SECRET),)) + SECRET)


def read(sender: str, data: bytes, framing: str | None = "ldap") -> list[Message]:
    return Reading(wire_of(framing, bare=False)).feed(sender, 0.0, data)


def windows(message: bytes) -> bytes:
    """The same with the length of the whole in four octets, as Windows writes it."""
    (element,) = Element(0x30, message).parts
    return b"\x30\x84" + len(element.content).to_bytes(4) + element.content


def test_a_bind_and_its_answer() -> None:
    (bind,) = read(">", windows(ldap.message(7, ldap.bind("GSSAPI", WRAPPED))))
    assert bind.title == "BindRequest, GSSAPI"
    assert bind.framing == {"message": 7, "operation": "BindRequest", "mechanism": "GSSAPI"}
    assert isinstance(bind.token, Wrap)
    assert [end - start for start, end in bind.secrets()] == [44]
    (answer,) = read("<", ldap.message(7, ldap.result(ldap.BIND_RESPONSE, 49, "no\nticket")))
    assert answer.title == "BindResponse, 49 invalidCredentials"
    assert answer.framing["error"] == "no\\nticket"
    assert list(answer.secrets()) == []


@pytest.mark.parametrize(
    "operation",
    [
        SIMPLE,
        ldap.bind("PLAIN", SECRET),
        ldap.bind("hunter2 and so on", None),
        ldap.bind("hunter2 and so on", SECRET),
        ldap.search("cn=" + SECRET.decode(), "hunter2 and so on", SECRET.decode()),
        ldap.entry(SECRET.decode(), {"a": [SECRET]}),
        ldap.result(ldap.EXTENDED_RESPONSE, 0, "", SECRET),
        ldap.result(ldap.BIND_RESPONSE, 0, "", SECRET),
        ldap.result(ldap.BIND_RESPONSE, 0, SECRET.decode() * 20),
        Element(ldap.BIND_RESPONSE, b"\x0a\x01\x20\x04\x11" + SECRET + b"\x04\0"),
        Element(ldap.BIND, b"\x02\x01\x03\x04\x11" + SECRET + b"\xa3\x08\x04\x06GSSAPI"),
        Element(0x5F, SECRET),
        Element(0x7D, b"\x04\x11" + SECRET),
    ],
    ids=range(13),
)
def test_whatever_else_it_holds_is_left_out(operation: Element) -> None:
    data = ldap.message(1, operation)
    redactor = Redactor("1", wire_of("ldap", bare=True))
    text = redactor.passed(">", 0.0, data) + redactor.passed("<", 0.0, data) + redactor.closed(1.0)
    assert SECRET.hex() in data.hex()
    assert SECRET[:8].hex() not in text
    (message,) = read(">", data)
    assert SECRET[:8] not in repr((message.title, message.framing, message.parts)).encode()


def test_controls_are_left_out() -> None:
    number, operation = Element(2, b"\x01"), ldap.bind("GSS-SPNEGO", None)
    controls = Element(0xA0, SECRET)
    data = bytes(Element(0x30, b"".join(map(bytes, (number, operation, controls)))))
    (message,) = read(">", data)
    assert message.title == "BindRequest, GSS-SPNEGO"
    assert list(message.secrets()) == [(len(data) - len(bytes(controls)), len(data))]


@pytest.mark.parametrize(
    "damaged",
    [
        "30030201",  # cut short within
        "3003020101",  # no operation
        "300502010160 0102",
        "3085ffffffffff020101",  # a length of five octets
        "3084ffffffff020101",
        "31080201016003020103",
        "30050a0101420000",  # no number
    ],
)
def test_what_is_damaged_ends_reading(damaged: str) -> None:
    reading = Reading(wire_of("ldap", bare=False))
    found = reading.feed(">", 0.0, bytes.fromhex(damaged)) + reading.end(">")
    assert len(found) == 1
    assert list(found[0].secrets()) == [(0, len(bytes.fromhex(damaged)))]


def test_a_client_that_begins_so_is_recognised() -> None:
    bind = ldap.message(1, ldap.bind("GSS-SPNEGO", None))
    for data in (bind, windows(bind)):
        for cut in range(1, len(data)):
            reading = Reading(wire_of(None, bare=False))
            found = reading.feed(">", 0.0, data[:cut]) + reading.feed(">", 1.0, data[cut:])
            assert [message.title for message in found] == ["BindRequest, GSS-SPNEGO"]


@pytest.mark.parametrize("start", ["300c0401016007020103", "300c0201017f07020103", "30800201", "300c020900"])
def test_a_client_that_only_begins_with_a_sequence_is_not(start: str) -> None:
    data = bytes.fromhex(start) + bytes(64)
    assert [each.title for each in read(">", data, None)] == ["bytes that cannot be read"]


@pytest.mark.parametrize("name", [b"GSSAPI", b"GSS-SPNEGO"])
def test_so_is_sasl_by_itself(name: bytes) -> None:
    reading = Reading(wire_of(None, bare=False))
    start = b"\x01" + len(name).to_bytes(4) + name
    found = [message for byte in start for message in reading.feed(">", 0.0, bytes((byte,)))]
    assert [(each.title, each.framing.get("mechanism")) for each in found] == [("START", name.decode())]


def test_the_layer_after_the_bind() -> None:
    dump = Dump.parse((VECTORS / "sasl" / "samba_spnego_sealed.txt").read_text())
    dump.head = []
    bind, *rest = [each for each in messages(dump) if isinstance(each, Message)]
    assert bind.token is not None
    assert isinstance(getattr(bind.token, "token", None), NegTokenInit)
    assert {each.title for each in rest[1:]} == {"message"}
    assert all(isinstance(each.token, Wrap) and each.token.sealed for each in rest[1:])
