"""The bulk path: large messages through OpenSSL, with GSSAPI as the keeper of keys and numbers.

libk5crypto brings its own cipher code and seals about 160 MB/s on a core where OpenSSL seals 700. The tokens are the
same, so each end decides for itself, message by message.

The context stays alive and stays the only one who counts. That is not how one would think of it first:
``gss_krb5_export_lucid_sec_context`` hands out keys and numbers and deletes the context, so that everything
afterwards, small messages too, would have to be done here, more slowly; and the number that it gives for what is
to be received is the one that the context began with, not the current one (MIT krb5 1.20). What is used instead:

* the key comes from ``gss_inquire_sec_context_by_oid(GSS_C_INQ_SSPI_SESSION_KEY)``, which leaves the context as it is;
* to send, ``gss_get_mic`` over nothing gives a *marker*: a MIC token with flags and the next number. The marker is
  thrown away and the message is sent under its number;
* of a message received, whose HMAC was right, a marker is made as the peer would have made it, and
  ``gss_verify_mic`` judges it: gap, repetition, order and all else are decided by the same code as ever.

A marker costs about 0.7 µs to make and 1.8 to be made and judged. Small messages are left to ``gss_wrap`` altogether.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from gssapi import raw

from ..._errors import IntegrityError
from ...abc import Unwrapped

try:
    from .. import rfc4121

    _INSTALLED = True
except ImportError:  # the package cryptography is optional
    _INSTALLED = False

if TYPE_CHECKING:
    from ..rfc4121 import Enctype, Incoming, Outgoing

__all__ = ["Bulk", "bulk_for"]

_KEY = raw.OID.from_int_seq("1.2.840.113554.1.2.2.5.5")
"""GSS_C_INQ_SSPI_SESSION_KEY: the key, and its enctype as the last arc of an OID."""
_KEY_TYPE = bytes.fromhex("2a864886f71201020204")
"""GSS_KRB5_SESSION_KEY_ENCTYPE_OID, 1.2.840.113554.1.2.2.4; one byte of enctype follows."""
_DEFECTIVE = 9 << 16
"""GSS_S_DEFECTIVE_TOKEN, as MIT has it for a header that contradicts its protected copy."""


class Bulk:
    """The bulk path of one complete context. Its errors are GSSAPI's, apart from the one named.

    :param initiates: True for a client's context
    """

    __slots__ = ("_context", "_enctype", "_in", "_initiates", "_out")

    def __init__(self, context: raw.SecurityContext, initiates: bool, enctype: Enctype) -> None:
        self._context = context
        self._initiates = initiates
        self._enctype = enctype
        self._out: Outgoing | None = None
        self._in: Incoming | None = None

    def wrap(self, data: bytes | memoryview, seal: bool) -> bytes:
        """A Wrap token.

        :raises IntegrityError: GSSAPI makes its tokens with another key than it says
        """
        marker = raw.get_mic(self._context, b"")  # type: ignore[arg-type]
        out = self._out or self._outgoing(marker)
        return out.seal(marker, data) if seal else out.protect(marker, data)

    def sign(self, data: bytes | memoryview) -> bytes:
        """A MIC token.

        :raises IntegrityError: as for :meth:`wrap`
        """
        marker = raw.get_mic(self._context, b"")  # type: ignore[arg-type]
        return (self._out or self._outgoing(marker)).sign(marker, data)

    def unwrap(self, token: bytes | bytearray | memoryview) -> Unwrapped | None:
        """What a Wrap token holds, or None where GSSAPI must say what is wrong with it."""
        incoming = self._in or self._incoming()
        try:
            opened = incoming.open(token)
        except rfc4121.Defective as error:
            raise raw.GSSError(_DEFECTIVE, 0) from error
        if opened is None:
            return None
        self._receive(incoming.marker(token))
        return opened

    def verify(self, data: bytes | memoryview, signature: bytes) -> bool:
        """True if it is right, False where GSSAPI must say what is wrong with it."""
        incoming = self._in or self._incoming()
        if not incoming.fits(data, signature):
            return False
        self._receive(incoming.marker(signature))
        return True

    def _receive(self, marker: bytes) -> None:
        raw.verify_mic(self._context, b"", marker)  # type: ignore[arg-type]

    def _outgoing(self, marker: bytes) -> Outgoing:
        out = rfc4121.Outgoing(self._enctype, _key(self._context)[0], not self._initiates)
        if not out.made(marker):
            raise IntegrityError(
                "GSSAPI makes its tokens with another key than it says it does",
                fix="make the mechanism with bulk=False, and report which GSSAPI library this is",
            )
        self._out = out
        return out

    def _incoming(self) -> Incoming:
        self._in = rfc4121.Incoming(self._enctype, _key(self._context)[0], self._initiates)
        return self._in


def bulk_for(context: raw.SecurityContext, initiates: bool) -> Bulk | None:
    """The bulk path for a complete Kerberos context; None where there is none: ``cryptography`` is missing, or the
    key is not of AES, or GSSAPI does not give it, or is not MIT's, as on macOS.
    """
    if not _INSTALLED or sys.platform in ("darwin", "win32"):
        return None
    try:
        enctype = rfc4121.ENCTYPES.get(_key(context)[1])
    except (AttributeError, ValueError, raw.GSSError):
        return None
    return None if enctype is None else Bulk(context, initiates, enctype)


def _key(context: raw.SecurityContext) -> tuple[bytes, int]:
    """The context's key and its enctype."""
    key, kind = raw.inquire_sec_context_by_oid(context, _KEY)
    if len(kind) != len(_KEY_TYPE) + 1 or not kind.startswith(_KEY_TYPE):
        raise ValueError("not an enctype")
    return key, kind[-1]
