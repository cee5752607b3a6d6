"""As much of LDAP as binding, asking who one is, and searching take: RFC 4511 and 4532, in BER of our own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

__all__ = [
    "BIND",
    "BIND_RESPONSE",
    "ENTRY",
    "EXTENDED",
    "EXTENDED_RESPONSE",
    "INVALID_CREDENTIALS",
    "IN_PROGRESS",
    "REFERENCE",
    "SEARCH",
    "SEARCH_DONE",
    "SUCCESS",
    "UNBIND",
    "Bind",
    "Element",
    "Message",
    "Result",
    "add",
    "bind",
    "cut",
    "entry",
    "first_end",
    "message",
    "read_entry",
    "result",
    "search",
    "unbind",
    "who_am_i",
]  # fmt: skip

BIND, BIND_RESPONSE, UNBIND = 0x60, 0x61, 0x42
SEARCH, ENTRY, SEARCH_DONE, REFERENCE = 0x63, 0x64, 0x65, 0x73
ADD = 0x68
EXTENDED, EXTENDED_RESPONSE = 0x77, 0x78
SUCCESS, IN_PROGRESS, INVALID_CREDENTIALS = 0, 14, 49
WHO_AM_I = b"1.3.6.1.4.1.4203.1.11.3"

_INTEGER, _OCTETS, _ENUMERATED, _SEQUENCE, _SET, _BOOLEAN = 0x02, 0x04, 0x0A, 0x30, 0x31, 0x01
_SASL, _REQUEST_NAME, _RESPONSE_VALUE, _SERVER_CREDENTIALS, _PRESENT, _EQUAL = (
    0xA3,
    0x80,
    0x8B,
    0x87,
    0x87,
    0xA3,
)


class Element(NamedTuple):
    """A tag and its content."""

    tag: int
    content: bytes

    @property
    def parts(self) -> list[Element]:
        """The elements in it."""
        return list(_elements(self.content))

    def __bytes__(self) -> bytes:
        size = len(self.content)
        if size < 0x80:
            return bytes((self.tag, size)) + self.content
        length = size.to_bytes((size.bit_length() + 7) // 8)
        return bytes((self.tag, 0x80 + len(length))) + length + self.content


class Message(NamedTuple):
    """An LDAPMessage."""

    number: int
    operation: Element


class Bind(NamedTuple):
    """A BindRequest with SASL."""

    mechanism: str
    credentials: bytes | None

    @classmethod
    def parse(cls, operation: Element) -> Bind:
        *_, choice = operation.parts
        assert choice.tag == _SASL, "a simple bind"
        mechanism, *credentials = choice.parts
        return cls(mechanism.content.decode(), credentials[0].content if credentials else None)


class Result(NamedTuple):
    """What most responses hold."""

    code: int
    text: str
    value: bytes | None
    """serverSaslCreds, or the value of an extended response."""

    @classmethod
    def parse(cls, operation: Element) -> Result:
        code, _, text, *others = operation.parts
        value = [part.content for part in others if part.tag in (_SERVER_CREDENTIALS, _RESPONSE_VALUE)]
        return cls(int.from_bytes(code.content), text.content.decode(), value[0] if value else None)


def cut(data: bytes) -> tuple[list[Message], bytes]:
    """The whole messages at the beginning of some bytes, and the rest."""
    found = []
    while (end := first_end(data)) is not None:
        (whole,) = _elements(data[:end])
        number, operation, *_ = whole.parts
        found.append(Message(int.from_bytes(number.content), operation))
        data = data[end:]
    return found, data


def message(number: int, operation: Element) -> bytes:
    return bytes(_sequence(_integer(number), operation))


def bind(mechanism: str, credentials: bytes | None) -> Element:
    sasl = [_octets(mechanism.encode())] + ([] if credentials is None else [_octets(credentials)])
    return _of(BIND, _integer(3), _octets(b""), _of(_SASL, *sasl))


def unbind() -> Element:
    return Element(UNBIND, b"")


def who_am_i() -> Element:
    return _of(EXTENDED, Element(_REQUEST_NAME, WHO_AM_I))


def search(
    base: str, attribute: str, value: str | None = None, scope: int = 2, returned: str | None = None
) -> Element:
    """For the entries that have the attribute, or have it with this value; it is returned, or another is."""
    wanted = (
        Element(_PRESENT, attribute.encode())
        if value is None
        else _of(_EQUAL, _octets(attribute.encode()), _octets(value.encode()))
    )
    return _of(
        SEARCH, _octets(base.encode()), Element(_ENUMERATED, bytes((scope,))), Element(_ENUMERATED, b"\0"),
        _integer(0), _integer(0), Element(_BOOLEAN, b"\0"), wanted,
        _sequence(_octets((returned or attribute).encode())),
    )  # fmt: skip


def add(dn: str, attributes: dict[str, list[bytes]]) -> Element:
    return _of(ADD, _octets(dn.encode()), _attributes(attributes))


def entry(dn: str, attributes: dict[str, list[bytes]]) -> Element:
    return _of(ENTRY, _octets(dn.encode()), _attributes(attributes))


def read_entry(operation: Element) -> tuple[str, list[bytes]]:
    """Name, and the values of the attributes that were asked for."""
    dn, attributes = operation.parts
    values = [value.content for row in attributes.parts for value in row.parts[1].parts]
    return dn.content.decode(), values


def result(tag: int, code: int, text: str = "", value: bytes | None = None) -> Element:
    """A response; the value of a BindResponse or of an extended one."""
    kind = _SERVER_CREDENTIALS if tag == BIND_RESPONSE else _RESPONSE_VALUE
    more = [] if value is None else [Element(kind, value)]
    return _of(tag, Element(_ENUMERATED, bytes((code,))), _octets(b""), _octets(text.encode()), *more)


def _attributes(attributes: dict[str, list[bytes]]) -> Element:
    rows = [
        _sequence(_octets(name.encode()), _of(_SET, *map(_octets, values)))
        for name, values in attributes.items()
    ]
    return _sequence(*rows)


def _of(tag: int, *parts: Element) -> Element:
    return Element(tag, b"".join(map(bytes, parts)))


def _sequence(*parts: Element) -> Element:
    return _of(_SEQUENCE, *parts)


def _octets(data: bytes) -> Element:
    return Element(_OCTETS, data)


def _integer(value: int) -> Element:
    return Element(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1))


def _elements(data: bytes) -> Iterator[Element]:
    while data:
        start, end = _bounds(data) or (0, 0)
        assert 0 < end <= len(data), "BER that is cut off"
        yield Element(data[0], data[start:end])
        data = data[end:]


def first_end(data: bytes) -> int | None:
    """Where the first element ends, if it is all there."""
    bounds = _bounds(data)
    return bounds[1] if bounds and bounds[1] <= len(data) else None


def _bounds(data: bytes) -> tuple[int, int] | None:
    """Where the first element's content begins and ends; its length, at least, has to be there."""
    if len(data) < 2 or len(data) < 2 + (data[1] & 0x7F) * (data[1] >> 7):
        return None
    octets = data[1] & 0x7F if data[1] & 0x80 else 0
    size = int.from_bytes(data[2 : 2 + octets]) if octets else data[1]
    return 2 + octets, 2 + octets + size
