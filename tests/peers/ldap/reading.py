"""Reads SASL inside LDAP from the documents alone; shares no code with asyncauth.

Sources: RFC 4511 4.2 for binds; RFC 4752 3 for the layer's negotiation; RFC 4422 3.7 for the buffers after it. A bind
succeeds with the server's BindResponse 0, and what follows, in either direction, is buffers where a layer was agreed:
each begins with a length of less than 2^24, so with a zero, and an LDAPMessage with 0x30.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ...vectors.capture import Chunk
from ..dotnet.reading import Field, _flags, _token
from . import messages as ldap
from .messages import Bind, Element, Message, Result

__all__ = ["Piece", "comments", "pieces"]

NAMES = {
    ldap.BIND: "BindRequest", ldap.BIND_RESPONSE: "BindResponse", ldap.UNBIND: "UnbindRequest",
    ldap.SEARCH: "SearchRequest", ldap.ENTRY: "SearchResultEntry", ldap.SEARCH_DONE: "SearchResultDone",
    ldap.EXTENDED: "ExtendedRequest", ldap.EXTENDED_RESPONSE: "ExtendedResponse",
}  # fmt: skip


@dataclass
class Piece:
    """An LDAPMessage, or a buffer of the layer.

    :param message: None for a buffer
    """

    sender: str
    data: bytes
    message: Message | None
    fields: list[Field] = field(default_factory=list)

    @property
    def token(self) -> bytes:
        """Of a buffer, the Wrap token."""
        return b"" if self.message else self.data[4:]

    @property
    def credentials(self) -> bytes | None:
        """The SASL message that it carries; None if it is no bind."""
        operation = self.message.operation if self.message else Element(0, b"")
        if operation.tag == ldap.BIND:
            return Bind.parse(operation).credentials or b""
        return Result.parse(operation).value or b"" if operation.tag == ldap.BIND_RESPONSE else None


def pieces(chunks: Iterable[Chunk]) -> list[Piece]:
    """What both sides said: the client's, then the server's."""
    said = {">": b"", "<": b""}
    for chunk in chunks:
        said[chunk.sender] += chunk.data
    return [piece for sender, data in said.items() for piece in _pieces(sender, data)]


def comments(chunks: Iterable[Chunk]) -> Iterator[tuple[str, int, list[str]]]:
    """For each piece its sender, where it begins in what that has sent, and a line for each field."""
    position = dict.fromkeys("><", 0)
    for piece in pieces(chunks):
        lines = [f"{part.offset:>6} {part.size:>6}  {part.text}" for part in piece.fields]
        what = "LDAPMessage" if piece.message else "buffer"
        yield (
            piece.sender,
            position[piece.sender],
            [f"{what} of {len(piece.data)} bytes: offset, size, field", *lines],
        )
        position[piece.sender] += len(piece.data)


def _pieces(sender: str, data: bytes) -> Iterator[Piece]:
    while data:
        if data[0] == 0:
            end = 4 + int.from_bytes(data[:4])
            piece = Piece(sender, data[:end], None)
            piece.fields += [
                Field(0, 4, f"length {end - 4}, most significant byte first"),
                *_wrap(piece.data, 4),
            ]
        else:
            end = ldap.first_end(data) or 0
            ((message, *_), _) = ldap.cut(data[:end])
            piece = Piece(sender, data[:end], message)
            piece.fields += _message(piece)
        yield piece
        data = data[end:]


def _message(piece: Piece) -> Iterator[Field]:
    assert piece.message is not None
    number, operation = piece.message
    name = NAMES[operation.tag]
    if operation.tag == ldap.BIND:
        name += f", SASL mechanism {Bind.parse(operation).mechanism}"
    elif operation.tag in (ldap.BIND_RESPONSE, ldap.EXTENDED_RESPONSE, ldap.SEARCH_DONE):
        result = Result.parse(operation)
        name += f", result {result.code}{f': {result.text}' if result.text else ''}"
    inside = piece.credentials
    rest = len(piece.data) - len(inside or b"")
    if inside is None:
        yield Field(0, rest, f"message {number}, {name}")
        return
    yield Field(0, rest, f"message {number}, {name}{'' if inside else ', and nothing from SASL'}")
    if inside[:2] == b"\x05\x04":
        yield from _wrap(piece.data, rest)
    elif inside:
        yield from _token(piece.data, rest)


def _wrap(data: bytes, at: int) -> Iterator[Field]:
    body = data[at:]
    yield Field(at, 2, "token type 05 04, Wrap")
    yield Field(at + 2, 1, f"flags 0x{body[2]:02x}: {_flags(body[2])}")
    yield Field(at + 3, 1, "filler")
    yield Field(at + 4, 2, f"EC {int.from_bytes(body[4:6])}")
    yield Field(at + 6, 2, f"RRC {int.from_bytes(body[6:8])}")
    yield Field(at + 8, 8, f"sequence number {int.from_bytes(body[8:16])}")
    yield Field(at + 16, len(body) - 16, "encrypted data" if body[2] & 2 else "plaintext and checksum")
