"""Which service a client asked for: the name in the clear part of its Kerberos ticket.

A server uses it once for each handshake, so nothing is parsed that is not on the way to the name; and what is on the
way are lengths, and names of things, so it is the same each time that a client comes with the same ticket. How a token
is read depends on nothing but its length and its bytes up to the end of the name. So for a length that was seen, the
beginning that was read last is kept with what it gave, and a token that begins the same is not read again.
"""

from __future__ import annotations

from typing import NamedTuple

from ._der import OCTET_STRING, OID, SEQUENCE, TEXT, MalformedToken, descend, element, enter, field

__all__ = ["Service", "requested_service"]

_INITIAL, _INIT, _RESPONSE = 0x60, 0xA0, 0xA1
_AP_REQ, _TICKET = 0x6E, 0x61
_SPNEGO = bytes.fromhex("2b0601050502")
_KERBEROS = (bytes.fromhex("2a864886f712010202"), bytes.fromhex("2a864882f712010202"))
"""1.2.840.113554.1.2.2, and 1.2.840.48018.1.2.2, as Microsoft once wrote it."""
_AP_REQ_ID = b"\x01\x00"

_REALM, _NAME = 0xA1, 0xA2
_TO_INNER = bytes((SEQUENCE, 0xA2, OCTET_STRING))
"""NegTokenInit's mechToken, or NegTokenResp's responseToken; both have the number 2."""
_TO_TICKET = bytes((SEQUENCE, 0xA3, _TICKET, SEQUENCE))
_TO_COMPONENTS = bytes((_NAME, SEQUENCE, 0xA1, SEQUENCE))
_KEPT_BYTES = 1024
"""Longer beginnings are read each time, and of more lengths than these none is kept, so that strangers cannot fill the
memory with them."""
_KEPT_LENGTHS = 256


class Service(NamedTuple):
    """The name of a service as it stands in a ticket.

    :param components: ``("http", "app1.example.test")``
    :param realm: the service's own
    """

    components: tuple[str, ...]
    realm: str

    @property
    def spn(self) -> str:
        """The components as they are written: ``http/app1.example.test``."""
        return "/".join(self.components)

    def __str__(self) -> str:
        return f"{self.spn}@{self.realm}"


def requested_service(token: bytes) -> Service | None:
    """The service that a client's token has a ticket for; None if it has none that can be read. Never raises.

    Takes what a client may send in any leg: Kerberos in RFC 2743's frame or without it (DCE style), and SPNEGO with
    a mechToken or a responseToken that holds such. A few microseconds.

    Nobody has vouched for the name before the handshake is done, and not for much afterwards: it is outside the
    ticket's encryption, so that a client may put any other name there whose key is the same, as the names of one
    account are. It says what the client asked for; that the ticket's key fits is all that is proved.

    Sources: RFC 4120 5.3 and 5.5.1, RFC 2743 3.1, RFC 4121 4.1, RFC 4178 4.2.
    """
    size = len(token)
    begun, service = _known.get(size, _UNKNOWN)
    if begun and token[: len(begun)] == begun:
        return service
    try:
        found = _in_token(token)
    except (MalformedToken, UnicodeDecodeError):
        return None
    if found is None:
        return None
    service, end = found
    if end <= _KEPT_BYTES and (size in _known or len(_known) < _KEPT_LENGTHS):
        _known[size] = bytes(token[:end]), service
    return service


_UNKNOWN: tuple[bytes, Service | None] = (b"", None)
_known: dict[int, tuple[bytes, Service | None]] = {}
"""By a token's length: how it began, up to the end of the name, and the name."""


def _in_token(token: bytes) -> tuple[Service, int] | None:
    """The service, and where in the token its name ends."""
    at, end = 0, len(token)
    tag, start, stop = element(token, at, end)
    if tag == _INITIAL:
        oid, body = enter(token, start, stop, OID)
        if token[oid:body] == _SPNEGO:
            tag, start, stop = element(token, body, stop)
    if tag in (_INIT, _RESPONSE):
        at, end = descend(token, start, stop, _TO_INNER)
        tag, start, stop = element(token, at, end)
    if tag == _INITIAL:
        at, end = _kerberos(token, start, stop)
        tag, start, stop = element(token, at, end)
    return _in_request(token, start, stop) if tag == _AP_REQ else None


def _kerberos(token: bytes, start: int, end: int) -> tuple[int, int]:
    oid, body = enter(token, start, end, OID)
    if token[oid:body] not in _KERBEROS or token[body : body + 2] != _AP_REQ_ID:
        raise MalformedToken("no Kerberos AP-REQ in the token")
    return body + 2, end


def _in_request(token: bytes, start: int, end: int) -> tuple[Service, int]:
    start, end = descend(token, start, end, _TO_TICKET)
    realm, after_realm = field(token, start, end, _REALM)
    after_name = field(token, after_realm, end, _NAME)[1]
    return _service(token, realm, after_realm, after_name), after_name


def _service(token: bytes, realm: int, after_realm: int, after_name: int) -> Service:
    """From a ticket's realm and its service's name."""
    start, end = enter(token, realm, after_realm, TEXT)
    of_realm = str(token[start:end], "utf-8")
    at, end = descend(token, after_realm, after_name, _TO_COMPONENTS)
    components = []
    while at < end:
        start, at = enter(token, at, end, TEXT)
        components.append(str(token[start:at], "utf-8"))
    if not components:
        raise MalformedToken("the ticket's service has no name")
    return Service(tuple(components), of_realm)
