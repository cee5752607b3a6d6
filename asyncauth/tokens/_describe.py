"""Any token, read and described. It says which bytes are secret, so nothing that it does not know may pass as clear:
what is not understood is secret, and what cannot be read is a MalformedToken, secret as a whole."""

from __future__ import annotations

from typing import NamedTuple

from . import _kerberos, _messages, _ntlm, _spnego
from ._der import OID, MalformedToken, element, enter
from ._oids import KERBEROS, SPNEGO, mechanism_name, mechanism_text
from ._parts import Notes, Part
from ._types import Initial, Opaque, Token

__all__ = ["Described", "describe", "read_token"]

_INITIAL = 0x60


class Described(NamedTuple):
    """A token, and a list of what its bytes are. Parts lie within parts, and tags and lengths of DER are in none."""

    token: Token
    parts: tuple[Part, ...]


def read_token(token: bytes) -> Token:
    """What a token says in clear.

    Takes a mechanism's first token and SPNEGO's, Kerberos messages without a frame (DCE style), NTLM's messages, Wrap
    and MIC tokens. :raises MalformedToken: it is none, or cut short or damaged
    """
    return describe(token).token


def describe(token: bytes) -> Described:
    """The same with a note on its bytes.

    :raises MalformedToken: as :func:`read_token`
    """
    notes = Notes(bytes(token))
    found = _read(notes, 0, len(token))
    return Described(found, tuple(notes.parts))


def _read(notes: Notes, start: int, end: int, depth: int = 0) -> Token:
    data = notes.data
    if data.startswith(_ntlm.SIGNATURE, start, end):
        return _ntlm.ntlm(notes, start, end, alone=not depth)
    if data.startswith(_messages.WRAP, start, end):
        return _messages.wrapped(notes, start, end)
    if data.startswith(_messages.MIC, start, end):
        return _messages.signature(notes, start, end)
    return _der(notes, start, end, depth)


def _der(notes: Notes, start: int, end: int, depth: int) -> Token:
    tag, first, last = element(notes.data, start, end)
    if tag in (_kerberos.AP_REQ, _kerberos.AP_REP, _kerberos.KRB_ERROR):
        return _kerberos.message(notes, start, end, tag)
    if last < end:
        notes.hide(last, end, "more after the token")
    if tag == _INITIAL:
        return _framed(notes, start, first, last, depth)
    return _negotiated(notes, tag, first, last, depth)


def _framed(notes: Notes, start: int, first: int, end: int, depth: int) -> Token:
    """RFC 2743 3.1, or a message of RFC 4757, which has the same frame."""
    at, body = enter(notes.data, first, end, OID)
    oid = notes.data[at:body]
    notes.add(start, body, f"InitialContextToken of {mechanism_text(oid)}")
    if oid == SPNEGO:
        tag, first, last = element(notes.data, body, end)
        if last < end:
            notes.hide(last, end, "more after the token")
        return Initial(mechanism_name(oid), _negotiated(notes, tag, first, last, depth))
    if oid in KERBEROS:
        old = _messages.old_message(notes, body, end)
        return old or Initial(mechanism_name(oid), _kerberos.kerberos(notes, body, end))
    notes.hide(body, end, "a token that is not read here")
    return Initial(mechanism_name(oid), Opaque("unknown mechanism", end - body))


def _negotiated(notes: Notes, tag: int, start: int, end: int, depth: int) -> Token:
    """A choice of NegTokenInit and NegTokenResp, which do not hold one another."""

    def inner(notes: Notes, start: int, end: int) -> Token:
        return _offered(notes, start, end, depth + 1)

    if depth or tag not in (_spnego.INIT, _spnego.RESPONSE):
        raise MalformedToken(f"0x{tag:02x} before byte {start} of the token begins nothing that is known")
    if tag == _spnego.INIT:
        return _spnego.initial(notes, start, end, inner)
    return _spnego.response(notes, start, end, inner)


def _offered(notes: Notes, start: int, end: int, depth: int) -> Token:
    """A mechanism's token in SPNEGO; of a mechanism that is not known it may be anything."""
    before = len(notes.parts)
    try:
        return _read(notes, start, end, depth)
    except MalformedToken:
        del notes.parts[before:]
        notes.hide(start, end, "a token that is not read here")
        return Opaque("unknown token", end - start)
