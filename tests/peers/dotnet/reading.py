"""Reads what went over the wire, from the documents alone; shares no code with asyncauth.

Sources: [MS-NNS] 2.2; RFC 2743 3.1 and RFC 4178 4.2 for the tokens' shells; RFC 4120 5.5 for what of Kerberos is not
encrypted; RFC 4121 4.2 for messages.

A handshake goes client, server, client, server. It ends with the server's HandshakeDone, or with an error from
either side; what follows is data.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import NamedTuple

import anyio

from ...vectors.capture import Chunk
from .relay import Relay

__all__ = ["Field", "Message", "Tap", "comments", "messages"]

KINDS = {0x14: "HandshakeDone", 0x15: "HandshakeError", 0x16: "HandshakeInProgress"}
OIDS = {
    "2b0601050502": "SPNEGO 1.3.6.1.5.5.2",
    "2a864886f712010202": "Kerberos 1.2.840.113554.1.2.2",
    "2a864882f712010202": "Kerberos as Microsoft once wrote it, 1.2.840.48018.1.2.2",
    "2b06010401823702020a": "NTLM 1.3.6.1.4.1.311.2.2.10",
}
STATES = ("accept-completed", "accept-incomplete", "reject", "request-mic")
MUTUAL_REQUIRED = 0x2000_0000


class Field(NamedTuple):
    """Some bytes of a message and what they are."""

    offset: int
    size: int
    text: str


@dataclass
class Message:
    """One message of either side.

    :param kind: of a handshake message, the first byte; None for data
    :param sealed: of data, whether the Wrap token says that it is encrypted
    """

    sender: str
    data: bytes
    kind: int | None = None
    sealed: bool | None = None
    fields: list[Field] = field(default_factory=list)

    def says(self, text: str) -> bool:
        return any(text in part.text for part in self.fields)


class Tap:
    """A relay in between, made when the port to pass on to is known; ends with ``stack``."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.relay: Relay

    def through(self, port: int) -> int:
        """The port to dial in place of ``port``."""
        self.relay = self._stack.enter_context(Relay(port))
        return self.relay.port

    async def held(self) -> None:
        """Wait until the relay holds something back."""
        with anyio.fail_after(5):
            while not self.relay.holding:  # noqa: ASYNC110 - it is a thread that does it
                await anyio.sleep(0.001)

    def from_us(self, direction: str) -> str:
        """The sign of our bytes, when we are the one that ``direction`` says."""
        return "<" if direction == "our_server" else ">"

    def from_them(self, direction: str) -> str:
        return ">" if direction == "our_server" else "<"

    def messages(self, *, framed: bool = True) -> tuple[list[Message], list[Message]]:
        """The handshake and the data."""
        found = messages(self.relay.chunks, framed=framed)
        return [m for m in found if m.kind is not None], [m for m in found if m.kind is None]


class Element(NamedTuple):
    """An element of DER."""

    tag: int
    start: int
    """Of the content."""
    end: int


def messages(chunks: Iterable[Chunk], *, framed: bool = True) -> list[Message]:
    """What both sides said: the handshake in its order, then the client's data, then the server's.

    :param framed: the data is protected; else it follows as it is
    """
    left = {">": b"", "<": b""}
    for chunk in chunks:
        left[chunk.sender] += chunk.data
    found = list(_handshake(left))
    for sender, data in left.items():
        if framed:
            found += _messages(sender, data)
        elif data:
            found.append(Message(sender, data, fields=[Field(0, len(data), "data as it is")]))
    return found


def comments(chunks: Iterable[Chunk], *, framed: bool = True) -> Iterator[tuple[str, int, list[str]]]:
    """For each message its sender, where it begins in what that has sent, and a line for each field."""
    position = dict.fromkeys("><", 0)
    for message in messages(chunks, framed=framed):
        lines = [f"{part.offset:>6} {part.size:>6}  {part.text}" for part in message.fields]
        title = f"message of {len(message.data)} bytes: offset, size, field"
        yield message.sender, position[message.sender], [title, *lines]
        position[message.sender] += len(message.data)


def _handshake(left: dict[str, bytes]) -> Iterator[Message]:
    sender = ">"
    while data := left[sender]:
        size = 5 + int.from_bytes(data[3:5], "big")
        message = Message(sender, data[:size], kind=data[0])
        message.fields += [
            Field(0, 1, f"type 0x{data[0]:02x} {KINDS[data[0]]}"),
            Field(1, 2, f"version {data[1]}.{data[2]}"),
            Field(3, 2, f"length {size - 5}, most significant byte first"),
            *(_error(data) if data[0] == 0x15 else _token(data[:size], 5)),
        ]
        left[sender] = data[size:]
        yield message
        if data[0] == 0x15 or (sender, data[0]) == ("<", 0x14):
            return
        sender = "<" if sender == ">" else ">"


def _messages(sender: str, data: bytes) -> Iterator[Message]:
    while data:
        size = 4 + int.from_bytes(data[:4], "little")
        token = data[4:size]
        message = Message(sender, data[:size], sealed=bool(token[2] & 2))
        message.fields += [
            Field(0, 4, f"length {size - 4}, least significant byte first"),
            Field(4, 2, "token type 05 04, Wrap"),
            Field(6, 1, f"flags 0x{token[2]:02x}: {_flags(token[2])}"),
            Field(7, 1, "filler"),
            Field(8, 2, f"EC {int.from_bytes(token[4:6], 'big')}"),
            Field(10, 2, f"RRC {int.from_bytes(token[6:8], 'big')}"),
            Field(12, 8, f"sequence number {int.from_bytes(token[8:16], 'big')}"),
            Field(20, size - 20, "encrypted data" if message.sealed else "plaintext and checksum"),
        ]
        yield message
        data = data[size:]


def _flags(flags: int) -> str:
    names = ("sent by acceptor", "sealed", "acceptor subkey")
    return ", ".join(name for bit, name in enumerate(names) if flags >> bit & 1)


def _error(data: bytes) -> Iterator[Field]:
    first, second = int.from_bytes(data[5:9], "little"), int.from_bytes(data[9:13], "big")
    yield Field(5, 8, f"error: 0x{second:08x} read from the end, 0x{first:08x} read from the beginning")


# --- tokens ------------------------------------------------------------------------------------------------


def _token(data: bytes, offset: int) -> Iterator[Field]:
    """A GSS token that fills the rest of the message."""
    if offset == len(data):
        yield Field(offset, 0, "no token")
    elif data[offset : offset + 7] == b"NTLMSSP":
        yield Field(offset, len(data) - offset, f"NTLM message {data[offset + 8]}, without SPNEGO")
    elif data[offset] == 0x60:
        yield from _initial(data, offset)
    else:
        yield from _response(data, offset)


def _initial(data: bytes, offset: int) -> Iterator[Field]:
    shell = _element(data, offset)
    oid = _element(data, shell.start)
    name = OIDS[data[oid.start : oid.end].hex()]
    yield Field(offset, oid.end - offset, f"InitialContextToken of {name}")
    if name.startswith("SPNEGO"):
        yield from _init(data, oid.end)
    else:
        yield from _kerberos(data, oid.end)


def _init(data: bytes, offset: int) -> Iterator[Field]:
    for part in _inside(data, _element(data, _element(data, offset).start)):
        content = _element(data, part.start)
        match part.tag:
            case 0xA0:
                oids = (OIDS[data[e.start : e.end].hex()] for e in _inside(data, content))
                yield Field(part.start, part.end - part.start, f"NegTokenInit mechTypes: {', '.join(oids)}")
            case 0xA2:
                yield Field(content.start, content.end - content.start, "NegTokenInit mechToken:")
                yield from _token(data[: content.end], content.start)
            case tag:
                yield Field(part.start, part.end - part.start, f"NegTokenInit element {tag - 0xA0}")


def _response(data: bytes, offset: int) -> Iterator[Field]:
    for part in _inside(data, _element(data, _element(data, offset).start)):
        content = _element(data, part.start)
        value = data[content.start : content.end]
        match part.tag:
            case 0xA0:
                yield Field(part.start, 3, f"NegTokenResp negState: {STATES[value[0]]}")
            case 0xA1:
                yield Field(
                    part.start, part.end - part.start, f"NegTokenResp supportedMech: {OIDS[value.hex()]}"
                )
            case 0xA2:
                yield Field(content.start, len(value), "NegTokenResp responseToken:")
                yield from _token(data[: content.end], content.start)
            case _:
                yield Field(content.start, len(value), "NegTokenResp mechListMIC")


def _kerberos(data: bytes, offset: int) -> Iterator[Field]:
    kind = data[offset : offset + 2].hex()
    yield Field(offset, 2, {"0100": "AP-REQ", "0200": "AP-REP", "0300": "KRB-ERROR"}[kind])
    parts = {e.tag - 0xA0: e for e in _inside(data, _element(data, _element(data, offset + 2).start))}
    if kind == "0100":
        options = int.from_bytes(data[parts[2].end - 4 : parts[2].end], "big")
        asked = "mutual-required" if options & MUTUAL_REQUIRED else "none"
        yield Field(parts[2].end - 4, 4, f"ap-options: {asked}")
        yield from _ticket(data, _element(data, _element(data, parts[3].start).start))
        yield _encrypted(data, parts[4], "authenticator")
    elif kind == "0200":
        yield _encrypted(data, parts[2], "enc-part")


def _ticket(data: bytes, sequence: Element) -> Iterator[Field]:
    parts = {e.tag - 0xA0: e for e in _inside(data, sequence)}
    realm = _element(data, parts[1].start)
    yield Field(
        realm.start, realm.end - realm.start, f"ticket's realm {data[realm.start : realm.end].decode()}"
    )
    names = _element(data, list(_inside(data, _element(data, parts[2].start)))[1].start)
    spn = "/".join(data[e.start : e.end].decode() for e in _inside(data, names))
    yield Field(names.start, names.end - names.start, f"ticket's service {spn}")
    yield _encrypted(data, parts[3], "ticket's enc-part")


def _encrypted(data: bytes, part: Element, name: str) -> Field:
    parts = {e.tag - 0xA0: e for e in _inside(data, _element(data, part.start))}
    etype = data[parts[0].end - 1]
    cipher = _element(data, parts[2].start)
    return Field(cipher.start, cipher.end - cipher.start, f"{name}, encryption type {etype}")


def _inside(data: bytes, outer: Element) -> Iterator[Element]:
    offset = outer.start
    while offset < outer.end:
        element = _element(data, offset)
        yield element
        offset = element.end


def _element(data: bytes, offset: int) -> Element:
    tag, length, start = data[offset], data[offset + 1], offset + 2
    if length & 0x80:
        count = length & 0x7F
        length = int.from_bytes(data[start : start + count], "big")
        start += count
    return Element(tag, start, start + length)
