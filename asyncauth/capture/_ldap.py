"""LDAP (RFC 4511) as far as SASL goes in it: binds are read, other operations are named, and buffers of the layer.

What a message is, its first byte tells: 0x30 begins an LDAPMessage, and 0 the length of a buffer, which is below 2^24
(RFC 4422 3.7). So nothing has to be remembered: not whether the bind succeeded, nor whether it agreed on a layer.
Without one, requests and entries pass in clear; they are nobody's business, and neither is a simple bind's password.

An LDAPMessage is BER, with lengths in as many octets as the writer likes: Windows uses four.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ..tokens import MalformedToken, Part, Token, readable
from ..tokens._der import ENUMERATED, INTEGER, OCTET_STRING, SEQUENCE, children, element, enter, unsigned
from ._protected import protected
from ._reading import Cut, body, unreadable

__all__ = ["LdapWire", "begins_ldap"]

_LIMIT = 16_777_215
_MOST_HEAD_BYTES = 6
_BUFFER = 0
_LONG_LENGTH = 0x80
_BIND, _BIND_RESPONSE = 0x60, 0x61
_SASL, _SERVER_CREDENTIALS = 0xA3, 0x87
_MOST_CHARACTERS = 200
_MECHANISM = re.compile(r"[A-Z0-9_-]{1,20}")

_OPERATIONS = {
    _BIND: "BindRequest", _BIND_RESPONSE: "BindResponse", 0x42: "UnbindRequest", 0x63: "SearchRequest",
    0x64: "SearchResultEntry", 0x65: "SearchResultDone", 0x66: "ModifyRequest", 0x67: "ModifyResponse",
    0x68: "AddRequest", 0x69: "AddResponse", 0x4A: "DelRequest", 0x6B: "DelResponse", 0x6C: "ModifyDNRequest",
    0x6D: "ModifyDNResponse", 0x6E: "CompareRequest", 0x6F: "CompareResponse", 0x50: "AbandonRequest",
    0x73: "SearchResultReference", 0x77: "ExtendedRequest", 0x78: "ExtendedResponse", 0x79: "IntermediateResponse",
}  # fmt: skip
_RESULTS = {0x61, 0x65, 0x67, 0x69, 0x6B, 0x6D, 0x6F, 0x78}
"""Operations that are an LDAPResult and more."""
_CODES = {
    0: "success", 1: "operationsError", 2: "protocolError", 7: "authMethodNotSupported",
    8: "strongerAuthRequired", 10: "referral", 13: "confidentialityRequired", 14: "saslBindInProgress",
    32: "noSuchObject", 48: "inappropriateAuthentication", 49: "invalidCredentials",
    50: "insufficientAccessRights", 51: "busy", 52: "unavailable", 53: "unwillingToPerform", 80: "other",
}  # fmt: skip


def begins_ldap(start: bytes) -> bool | None:
    """Whether a client that begins so speaks LDAP; None if more bytes have to tell."""
    if start and start[0] != SEQUENCE:
        return False
    if _size(start) is None:
        return None
    try:
        _, first, end = element(start, 0, _LIMIT)
        at, number_end = enter(start, first, end, INTEGER)
        return 0 < number_end - at <= 4 and start[number_end] in _OPERATIONS  # noqa: PLR2004
    except MalformedToken:
        return False
    except IndexError:
        return None


class LdapWire:
    """One connection."""

    def cut(self, _sender: str, data: bytes, _ended: bool, /) -> Cut | None:
        if data[0] == _BUFFER:
            return protected(data, bare=False, order="big", limit=_LIMIT)
        size = _size(data)
        if size is None:
            return None
        if data[0] != SEQUENCE or size > _LIMIT:
            return unreadable(len(data))
        if len(data) < size:
            return None
        try:
            return _message(data[:size])
        except MalformedToken:
            return unreadable(len(data))


class _Told(NamedTuple):
    """What is said of an operation.

    :param said: by the names of docs/dump.md
    :param sasl: start and end of SASL's message in it; an empty one where it has none
    :param hidden: what is not said
    """

    said: dict[str, Any]
    sasl: tuple[int, int] | None
    hidden: tuple[Part, ...] = ()


def _size(data: bytes) -> int | None:
    """Of the element at the beginning, with its head; None if that is not all there."""
    if len(data) < 2 or len(data) < 2 + (octets := data[1] & 0x7F if data[1] & _LONG_LENGTH else 0):  # noqa: PLR2004
        return None
    if 2 + octets > _MOST_HEAD_BYTES:
        return _LIMIT + 1
    return 2 + octets + (int.from_bytes(data[2 : 2 + octets]) if octets else data[1])


def _message(data: bytes) -> Cut:
    _, at, end = element(data, 0, len(data))
    start, at = enter(data, at, end, INTEGER)
    number = unsigned(data, start, at)
    tag, first, last = element(data, at, end)
    name = _OPERATIONS.get(tag, f"operation 0x{tag:02x}")
    told = _told(data, tag, first, last)
    token, inside = _sasl(data, told)
    controls = (Part(last, end - last, "controls", secret=True),) if last < end else ()
    head = Part(0, told.sasl[0] if told.sasl and inside else len(data), _text(number, name, told))
    said = {"message": number, "operation": name, **told.said}
    return Cut(
        len(data), _title(name, told.said), (head, *inside, *told.hidden, *controls), token, framing=said
    )


def _told(data: bytes, tag: int, start: int, end: int) -> _Told:
    if tag == _BIND:
        return _bind(data, start, end)
    if tag in _RESULTS:
        return _result(data, tag, start, end)
    return _Told({}, None, _hidden(start, end, "content"))


def _bind(data: bytes, start: int, end: int) -> _Told:
    _, at = enter(data, start, end, INTEGER)
    name, named = enter(data, at, end, OCTET_STRING)
    choice, first, last = element(data, named, end)
    if choice != _SASL:
        return _Told({}, None, _hidden(name, end, "name and password"))
    mechanism, at = enter(data, first, last, OCTET_STRING)
    text = data[mechanism:at].decode("ascii", "replace")
    if not _MECHANISM.fullmatch(text):
        return _Told({}, None, _hidden(name, end, "name and credentials"))
    sasl = enter(data, at, last, OCTET_STRING) if at < last else (last, last)
    return _Told({"mechanism": text}, sasl, _hidden(name, named, "name"))


def _result(data: bytes, tag: int, start: int, end: int) -> _Told:
    """An LDAPResult, and what may follow it: a referral, SASL's message, a value."""
    first, at = enter(data, start, end, ENUMERATED)
    code = unsigned(data, first, at)
    matched = enter(data, at, end, OCTET_STRING)
    text, at = enter(data, matched[1], end, OCTET_STRING)
    words = data[text:at].decode("utf-8", "replace")
    said: dict[str, Any] = {"result": code}
    hidden = _hidden(*matched, "matched name")
    if len(words) <= _MOST_CHARACTERS:
        said |= {"error": readable(words)} if words else {}
    else:
        hidden += _hidden(text, at, "a long text")
    sasl = (at, at) if tag == _BIND_RESPONSE else None
    for kind, first, last in children(data, at, end):
        if (tag, kind) == (_BIND_RESPONSE, _SERVER_CREDENTIALS):
            sasl = first, last
        else:
            hidden += _hidden(first, last, "content")
    return _Told(said, sasl, hidden)


def _sasl(data: bytes, told: _Told) -> tuple[Token | None, tuple[Part, ...]]:
    if told.sasl is None or told.sasl[0] == told.sasl[1]:
        return None, ()
    return body(data, *told.sasl)


def _hidden(start: int, end: int, what: str) -> tuple[Part, ...]:
    return (Part(start, end - start, what, secret=True),) if start < end else ()


def _title(name: str, said: dict[str, Any]) -> str:
    if "mechanism" in said:
        return f"{name}, {said['mechanism']}"
    if "result" in said:
        return f"{name}, {said['result']} {_CODES.get(said['result'], '')}".rstrip()
    return name


def _text(number: int, name: str, told: _Told) -> str:
    said = told.said
    text = f"message {number}, {name}"
    if "mechanism" in said:
        text += f", SASL mechanism {said['mechanism']}"
    if "result" in said:
        text += f", result {said['result']}{': ' + said['error'] if 'error' in said else ''}"
    nothing = told.sasl is not None and told.sasl[0] == told.sasl[1]
    return f"{text}, and nothing from SASL" if nothing else text
