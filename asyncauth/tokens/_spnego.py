"""SPNEGO (RFC 4178 4.2, [MS-SPNG] 2.2.1): what is offered, what is chosen, and the mechanism's token within."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from ._der import BIT_STRING, ENUMERATED, OCTET_STRING, OID, SEQUENCE, TEXT, MalformedToken, children, enter
from ._oids import mechanism_name, mechanism_text
from ._parts import readable
from ._types import NegTokenInit, NegTokenResp

if TYPE_CHECKING:
    from ._parts import Notes
    from ._types import Token

__all__ = ["INIT", "RESPONSE", "initial", "response"]

INIT, RESPONSE = 0xA0, 0xA1
_STATES = "accept-completed", "accept-incomplete", "reject", "request-mic"
_MECHS, _FLAGS, _TOKEN, _MIC, _MIC_AFTER_HINTS = 0xA0, 0xA1, 0xA2, 0xA3, 0xA4

Inner: TypeAlias = "Callable[[Notes, int, int], Token]"


def initial(notes: Notes, start: int, end: int, inner: Inner) -> NegTokenInit:
    """The content of a NegTokenInit or NegTokenInit2, which has negHints where the other has its mechListMIC.

    :param inner: reads the mechanism's token
    """
    mechanisms: tuple[str, ...] = ()
    token, hint, signed = None, None, False
    for tag, first, last in _elements(notes, start, end):
        if tag == _MECHS:
            mechanisms = _mechanisms(notes, first, last)
        elif tag == _FLAGS:
            notes.add(*enter(notes.data, first, last, BIT_STRING), "NegTokenInit reqFlags")
        elif tag == _TOKEN:
            token = _token(notes, first, last, "NegTokenInit mechToken:", inner)
        elif tag == _MIC and notes.data[first : first + 1] == bytes((SEQUENCE,)):
            hint = _hints(notes, first, last)
        elif tag in (_MIC, _MIC_AFTER_HINTS):
            notes.hide(first, last, "NegTokenInit mechListMIC")
            signed = True
        else:
            notes.hide(first, last, f"NegTokenInit element {tag - 0xA0}")
    return NegTokenInit(mechanisms, token, hint, signed)


def response(notes: Notes, start: int, end: int, inner: Inner) -> NegTokenResp:
    """The content of a NegTokenResp."""
    state, mechanism, token, signed = None, None, None, False
    for tag, first, last in _elements(notes, start, end):
        if tag == _MECHS:
            state = _state(notes, first, last)
        elif tag == _FLAGS:
            at, after = enter(notes.data, first, last, OID)
            oid = bytes(notes.data[at:after])
            notes.add(first, last, f"NegTokenResp supportedMech: {mechanism_text(oid)}")
            mechanism = mechanism_name(oid)
        elif tag == _TOKEN:
            token = _token(notes, first, last, "NegTokenResp responseToken:", inner)
        elif tag == _MIC:
            notes.hide(*enter(notes.data, first, last, OCTET_STRING), "NegTokenResp mechListMIC")
            signed = True
        else:
            notes.hide(first, last, f"NegTokenResp element {tag - 0xA0}")
    return NegTokenResp(state, mechanism, token, signed)


def _elements(notes: Notes, start: int, end: int) -> list[tuple[int, int, int]]:
    """The elements of the sequence, each at most once."""
    first, last = enter(notes.data, start, end, SEQUENCE)
    found = list(children(notes.data, first, last))
    if len({tag for tag, _, _ in found}) < len(found) or any(tag & 0xE0 != INIT for tag, _, _ in found):
        raise MalformedToken(f"the elements from byte {first} of the token are not SPNEGO's")
    if last < end:
        notes.hide(last, end, "more after the sequence")
    return found


def _mechanisms(notes: Notes, start: int, end: int) -> tuple[str, ...]:
    oids = []
    for tag, first, last in children(notes.data, *enter(notes.data, start, end, SEQUENCE)):
        if tag != OID:
            raise MalformedToken(f"0x{tag:02x} before byte {first} of the token is no mechanism")
        oids.append(bytes(notes.data[first:last]))
    notes.add(start, end, f"NegTokenInit mechTypes: {', '.join(map(mechanism_text, oids))}")
    return tuple(map(mechanism_name, oids))


def _token(notes: Notes, start: int, end: int, what: str, inner: Inner) -> Token:
    start, end = enter(notes.data, start, end, OCTET_STRING)
    notes.add(start, end, what)
    return inner(notes, start, end)


def _state(notes: Notes, start: int, end: int) -> str:
    first, last = enter(notes.data, start, end, ENUMERATED)
    number = int.from_bytes(notes.data[first:last], "big")
    if last - first != 1 or number >= len(_STATES):
        raise MalformedToken(f"byte {first} of the token is no state of SPNEGO")
    notes.add(start, end, f"NegTokenResp negState: {_STATES[number]}")
    return _STATES[number]


def _hints(notes: Notes, start: int, end: int) -> str | None:
    """hintName; hintAddress is nobody's business."""
    hint = None
    for tag, first, last in children(notes.data, *enter(notes.data, start, end, SEQUENCE)):
        if tag == _MECHS:
            at = enter(notes.data, first, last, TEXT)
            hint = notes.text(*at)
            notes.add(*at, f"NegTokenInit2 hintName {readable(hint)}")
        else:
            notes.hide(first, last, f"NegTokenInit2 hint {tag - 0xA0}")
    return hint
