"""What of Kerberos is not encrypted (RFC 4120 5.2 to 5.9).

An element that does not belong in its sequence is noted as secret, because nobody knows what it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._der import (
    BIT_STRING,
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    TEXT,
    TIME,
    MalformedToken,
    children,
    enter,
    unsigned,
)
from ._meanings import enctype_name, krb_error_text
from ._parts import readable
from ._service import Service
from ._types import ApRep, ApReq, Encrypted, KrbError, Opaque

if TYPE_CHECKING:
    from ._parts import Notes

__all__ = ["AP_REP", "AP_REQ", "KRB_ERROR", "kerberos", "message"]

AP_REQ, AP_REP, KRB_ERROR = 0x6E, 0x6F, 0x7E
_NAMES = {AP_REQ: "AP-REQ", AP_REP: "AP-REP", KRB_ERROR: "KRB-ERROR"}
_IDS = {b"\x01\x00": AP_REQ, b"\x02\x00": AP_REP, b"\x03\x00": KRB_ERROR}
"""TOK_ID of RFC 4121 4.1."""
_OLD_IDS = {
    b"\x04\x00": "TGT-REQ of user to user",
    b"\x04\x01": "TGT-REP of user to user",
    b"\x05\x01": "IAKERB",
}
_OPTIONS = ((0x4000_0000, "use-session-key"), (0x2000_0000, "mutual-required"))

_CLASS, _CONTEXT = 0xE0, 0xA0

Fields = dict[int, tuple[int, int]]
"""Contents of the elements of a sequence by their numbers."""


def kerberos(notes: Notes, start: int, end: int) -> ApReq | ApRep | KrbError | Opaque:
    """A context token without its frame: two bytes that say its kind, and the message."""
    kind = bytes(notes.data[start : start + 2])
    if kind not in _IDS or end - start < 2:  # noqa: PLR2004
        what = _OLD_IDS.get(kind, f"token of kind {kind.hex(' ')}")
        notes.hide(min(start + 2, end), end, f"Kerberos {what}")
        return Opaque(what, end - start)
    notes.add(start, start + 2, _NAMES[_IDS[kind]])
    return message(notes, start + 2, end, _IDS[kind])


def message(notes: Notes, start: int, end: int, tag: int) -> ApReq | ApRep | KrbError:
    """A Kerberos message as such, as DCE style has it."""
    start, after = enter(notes.data, start, end, tag)
    if after < end:
        notes.hide(after, end, "more after the message")
    fields = _fields(notes, start, after)
    if tag == AP_REQ:
        return _request(notes, fields)
    return _answer(notes, fields) if tag == AP_REP else _error(notes, fields)


def _request(notes: Notes, fields: Fields) -> ApReq:
    start, end = enter(notes.data, *_pop(fields, 2), BIT_STRING)
    options = unsigned(notes.data, start + 1, end)
    asked = ", ".join(name for bit, name in _OPTIONS if options & bit) or "none"
    notes.add(start + 1, end, f"ap-options: {asked}")
    service, ticket = _ticket(notes, *_pop(fields, 3))
    authenticator = _encrypted(notes, *_pop(fields, 4), "authenticator")
    _rest(notes, fields, 0, 1)
    return ApReq(options, service, ticket, authenticator)


def _ticket(notes: Notes, start: int, end: int) -> tuple[Service, Encrypted]:
    fields = _fields(notes, *enter(notes.data, start, end, 0x61))
    realm = _text(notes, *_pop(fields, 1), "ticket's realm")
    name = _name(notes, *_pop(fields, 2), "ticket's service")
    encrypted = _encrypted(notes, *_pop(fields, 3), "ticket's enc-part")
    _rest(notes, fields, 0)
    return Service(name, realm), encrypted


def _answer(notes: Notes, fields: Fields) -> ApRep:
    encrypted = _encrypted(notes, *_pop(fields, 2), "enc-part")
    _rest(notes, fields, 0, 1)
    return ApRep(encrypted)


def _error(notes: Notes, fields: Fields) -> KrbError:
    at = enter(notes.data, *_pop(fields, 4), TIME)
    time = notes.text(*at)
    notes.add(*at, f"time at the server {readable(time)}")
    start, end = enter(notes.data, *_pop(fields, 6), INTEGER)
    code = unsigned(notes.data, start, end)
    notes.add(start, end, krb_error_text(code))
    client = _principal(notes, fields, 7, "client") if fields.keys() >= {7, 8} else None
    service = _principal(notes, fields, 9, "service")
    text = _text(notes, *fields.pop(11), "text") if 11 in fields else None  # noqa: PLR2004 - e-text
    _rest(notes, fields, 0, 1, 5)
    return KrbError(code, time, service, client, text)


def _principal(notes: Notes, fields: Fields, number: int, what: str) -> Service:
    """A realm and, in the next element, a name."""
    realm = _text(notes, *_pop(fields, number), f"{what}'s realm")
    return Service(_name(notes, *_pop(fields, number + 1), what), realm)


def _fields(notes: Notes, start: int, end: int) -> Fields:
    """The elements of a sequence, which are numbered; an element twice is an error."""
    data = notes.data
    inside, after = enter(data, start, end, SEQUENCE)
    found: Fields = {}
    for tag, first, last in children(data, inside, after):
        if tag & _CLASS != _CONTEXT or tag - _CONTEXT in found:
            raise MalformedToken(f"0x{tag:02x} before byte {first} of the token does not belong there")
        found[tag - _CONTEXT] = first, last
    if after < end:
        notes.hide(after, end, "more after the sequence")
    return found


def _pop(fields: Fields, number: int) -> tuple[int, int]:
    try:
        return fields.pop(number)
    except KeyError:
        raise MalformedToken(f"element {number} of the token's Kerberos message is missing") from None


def _rest(notes: Notes, fields: Fields, *plain: int) -> None:
    """Note what is left over; ``plain`` are numbers that say nothing: versions, types, parts of seconds."""
    for number, (start, end) in fields.items():
        if number not in plain or end - start > 6:  # noqa: PLR2004 - an integer of 32 bits
            notes.hide(start, end, f"element {number}")


def _text(notes: Notes, start: int, end: int, what: str) -> str:
    at = enter(notes.data, start, end, TEXT)
    value = notes.text(*at)
    notes.add(*at, f"{what} {readable(value)}")
    return value


def _name(notes: Notes, start: int, end: int, what: str) -> tuple[str, ...]:
    """PrincipalName (5.2.2)."""
    data = notes.data
    fields = _fields(notes, start, end)
    start, end = enter(data, *_pop(fields, 1), SEQUENCE)
    strings = []
    for tag, first, last in children(data, start, end):
        if tag != TEXT:
            raise MalformedToken(f"a name before byte {first} of the token is no text")
        strings.append(notes.text(first, last))
    notes.add(start, end, f"{what} {readable('/'.join(strings))}")
    _rest(notes, fields, 0)
    return tuple(strings)


def _encrypted(notes: Notes, start: int, end: int, what: str) -> Encrypted:
    data = notes.data
    fields = _fields(notes, start, end)
    enctype = _signed(data, *enter(data, *_pop(fields, 0), INTEGER))
    kvno = unsigned(data, *enter(data, *_pop(fields, 1), INTEGER)) if 1 in fields else None
    start, end = enter(data, *_pop(fields, 2), OCTET_STRING)
    version = "" if kvno is None else f", key version {kvno}"
    notes.hide(start, end, f"{what}, encryption type {enctype} {enctype_name(enctype)}{version}")
    _rest(notes, fields)
    return Encrypted(enctype, kvno, end - start)


def _signed(data: bytes, start: int, end: int) -> int:
    unsigned(data, start, end)
    return int.from_bytes(data[start:end], "big", signed=True)
