"""A peer that speaks something else altogether: what to say about it."""

from __future__ import annotations

from typing import NamedTuple

from .._errors import RemoteProtocolError

__all__ = ["foreign", "not_spoken"]


class _Protocol(NamedTuple):
    name: str
    starts: tuple[bytes, ...]
    fix: str
    framing: str = ""
    """The name of our framing for it."""


_PORT = "one of the two has the wrong port"
_FRAMING = "use the same framing at both ends"

_KNOWN = (
    # RFC 8446 5.1: handshake or alert, version 3.x
    _Protocol(
        "TLS",
        tuple(bytes((kind, 3, minor)) for kind in (0x16, 0x15) for minor in range(5)),
        "connect without TLS, or put TLS beneath at both ends",
    ),
    # RFC 9112 3 and 4, RFC 9113 3.4
    _Protocol(
        "HTTP",
        (b"GET ", b"HEAD", b"POST", b"PUT ", b"DELE", b"OPTI", b"CONN", b"TRAC", b"PATC", b"PRI ", b"HTTP"),
        _PORT,
    ),
    _Protocol("SSH", (b"SSH-",), _PORT),  # RFC 4253 4.2
    _Protocol("MS-NNS", (b"\x16\x01\x00", b"\x14\x01\x00"), _FRAMING, "nns"),
    _Protocol("gss-sample version 2", (b"\x11\0\0\0", b"\x01\0\0\0"), _FRAMING, "gss-sample"),
)


def foreign(start: bytes) -> _Protocol | None:
    """The protocol that begins with these bytes, four or more, if it is one that is known here."""
    return next((known for known in _KNOWN if start.startswith(known.starts)), None)


def not_spoken(spoken: str, start: bytes, why: str, *framings: str) -> RemoteProtocolError:
    """The error for a peer that begins with ``start`` where something else is spoken.

    :param spoken: what is, for people
    :param why: what is wrong with it, for a peer of which nothing better is known
    :param framings: the names of the framings that are spoken, if ``start`` can be one of theirs
    """
    protocol = foreign(start)
    if protocol is not None and protocol.framing not in framings:
        return RemoteProtocolError(f"the peer speaks {protocol.name}, not {spoken}", fix=protocol.fix)
    return RemoteProtocolError(
        f"the peer does not speak {spoken}: {why}",
        fix="check the port, and that both ends use the same framing",
    )
