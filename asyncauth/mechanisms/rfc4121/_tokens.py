"""Wrap and MIC tokens of RFC 4121, with the numbers left to GSSAPI.

Read against RFC 4121 paragraph by paragraph:

========  ==========================================================================================================
2         Usages 22 to 25; Wrap tokens use the *seal* usages whether they are sealed or not, MIC tokens the *sign* ones.
4.2.1     SND_SEQ is eight bytes, big-endian, one more for each token, Wrap or MIC, of a direction. Here they are
          never counted: a header is made from a MIC token that GSSAPI has just numbered, and a number that was
          received is put before GSSAPI in another one (:meth:`Incoming.marker`).
4.2.2     Flags: 1 sent by acceptor, 2 sealed, 4 acceptor's subkey; the receiver ignores others. Those of the sender
          are taken from GSSAPI's own token too.
4.2.3     EC is big-endian: the bytes of filler after the data of a sealed token (we write none, and cut off what
          another wrote), the bytes of checksum in one that is not sealed.
4.2.4     Sealed: header | E(data | filler | header), the inner header with RRC = 0, and E by RFC 3961 with EC as it
          stands. Not sealed: header | data | HMAC(Kc, data | header with EC = RRC = 0).
          The copy inside is compared with the header outside, EC included, RRC not: that one is not protected, and
          moves only what the HMAC puts right.
4.2.5     RRC is big-endian: all that follows the header was rotated to the right by so many bytes, modulo its length.
          We write 0 and undo any.
4.2.6.1   MIC: 04 04, flags, five bytes FF, SND_SEQ, HMAC(Kc, data | header).
4.2.6.2   Wrap: 05 04, flags, FF, EC, RRC, SND_SEQ.
========  ==========================================================================================================

What is not understood, or not right, is answered with None and not with an error. GSSAPI is then asked: it is the
judge of every token that is refused. It is not asked whether a token is *good* whose HMAC was right, except for its
number; so a header that does not agree with its protected copy is refused here (:class:`Defective`).
"""

from __future__ import annotations

import os
from hmac import compare_digest
from struct import Struct

from ...abc import Unwrapped
from ._derivation import CHECKSUM, Enctype, derive, seal_usage, sign_usage
from ._encryption import Encryption
from ._openssl import BLOCK, Mac

__all__ = ["Defective", "Incoming", "Outgoing"]

_BY_ACCEPTOR, _SEALED, _SUBKEY = 1, 2, 4
_HEADER = 16
_WRAP, _MIC = b"\x05\x04", b"\x04\x04"
_FILLER, _MIC_FILLER = 0xFF, b"\xff" * 5
_FIELDS = Struct(">2sBBHH").unpack_from
"""TOK_ID, flags, filler, EC, RRC."""
_MARKER = b"\x04\x04%c\xff\xff\xff\xff\xff%b"
"""A MIC token's header, of flags and number."""
_NO_EC_NO_RRC = bytes(4)


class Defective(Exception):
    """A token of the peer's own making, whose parts contradict one another."""


class _Direction:
    """The keys of one direction.

    :param base: the context's key: the acceptor's subkey, or where it asserted none the initiator's
    :param by_acceptor: True for the messages that the acceptor sends
    """

    __slots__ = ("_encryption", "_mac_size", "_of_mic", "_of_wrap")

    def __init__(self, enctype: Enctype, base: bytes, by_acceptor: bool) -> None:
        seal, sign = seal_usage(by_acceptor), sign_usage(by_acceptor)
        self._encryption = Encryption(enctype, base, seal)
        self._of_wrap = Mac(derive(enctype, base, seal, CHECKSUM), enctype.digest, enctype.mac)
        self._of_mic = Mac(derive(enctype, base, sign, CHECKSUM), enctype.digest, enctype.mac)
        self._mac_size = enctype.mac

    def __del__(self) -> None:
        for name in ("_encryption", "_of_wrap", "_of_mic"):
            if part := getattr(self, name, None):
                part.wipe()


class Outgoing(_Direction):
    """Makes tokens. Each takes over flags and number of a ``marker``: a MIC token over nothing, just made by GSSAPI
    and then thrown away, so that nobody else has the number."""

    __slots__ = ()

    def made(self, marker: bytes) -> bool:
        """True if the marker was made with our keys: the proof, before the first use, that they are right."""
        return compare_digest(self._of_mic.once(marker[:_HEADER]), marker[_HEADER:])

    def seal(self, marker: bytes, data: bytes | memoryview) -> bytes:
        """A Wrap token with the data encrypted."""
        header = b"%b%c\xff\0\0\0\0%b" % (_WRAP, marker[2] | _SEALED, marker[8:_HEADER])
        return self._encryption.encrypt(os.urandom(BLOCK), data, header)

    def protect(self, marker: bytes, data: bytes | memoryview) -> bytes:
        """A Wrap token with the data in the clear."""
        start, number = b"%b%c\xff" % (_WRAP, marker[2]), marker[8:_HEADER]
        mac = self._of_wrap(data, start + _NO_EC_NO_RRC + number)
        return b"".join((start, self._mac_size.to_bytes(2, "big"), b"\0\0", number, data, mac))

    def sign(self, marker: bytes, data: bytes | memoryview) -> bytes:
        """A MIC token."""
        header = marker[:_HEADER]
        return header + self._of_mic(data, header)


class Incoming(_Direction):
    """Opens tokens, which are not accepted before GSSAPI has accepted their :meth:`marker`."""

    __slots__ = ("_by_acceptor",)

    def __init__(self, enctype: Enctype, base: bytes, by_acceptor: bool) -> None:
        super().__init__(enctype, base, by_acceptor)
        self._by_acceptor = by_acceptor

    def open(self, token: bytes | bytearray | memoryview) -> Unwrapped | None:
        """What a Wrap token holds, or None if it is not one made with these keys.

        :raises Defective: it is, but its header is not the one that was protected
        """
        if len(token) < _HEADER:
            return None
        kind, flags, filler, extra, turn = _FIELDS(token)
        if kind != _WRAP or filler != _FILLER or flags & _BY_ACCEPTOR != self._by_acceptor:
            return None
        body = memoryview(token)[_HEADER:]
        if turn:
            body = _rotated_back(body, turn)
        return (self._unseal if flags & _SEALED else self._check)(bytes(token[:_HEADER]), body, extra)

    def fits(self, data: bytes | memoryview, signature: bytes) -> bool:
        """True if the signature is a MIC token over the data, made with these keys."""
        header = signature[:_HEADER]
        return (
            header[:2] == _MIC
            and len(header) == _HEADER
            and header[2] & _BY_ACCEPTOR == self._by_acceptor
            and header[3:8] == _MIC_FILLER
            and compare_digest(self._of_mic(data, header), signature[_HEADER:])
        )

    def marker(self, token: bytes | bytearray | memoryview) -> bytes:
        """The MIC token over nothing which has the token's number. Only whoever has the keys, which are the same at
        both ends, can make it; it never leaves the process, and tells GSSAPI that the number has been received.
        """
        header = _MARKER % (token[2] & (_BY_ACCEPTOR | _SUBKEY), bytes(token[8:_HEADER]))
        return header + self._of_mic(header)

    def _unseal(self, header: bytes, body: memoryview, extra: int) -> Unwrapped | None:
        if (plain := self._encryption.decrypt(body)) is None:
            return None
        front, end = plain
        inside = end[-_HEADER:]
        size = len(front) + len(end) - _HEADER - extra
        if size < 0 or inside[:6] != header[:6] or inside[8:] != header[8:]:
            raise Defective
        data = b"".join((front, end[:-_HEADER]))
        return Unwrapped(data[:size] if extra else data, True)

    def _check(self, header: bytes, body: memoryview, extra: int) -> Unwrapped | None:
        end = len(body) - extra
        if extra != self._mac_size or end < 0:
            return None
        mac = self._of_wrap(body[:end], header[:4] + _NO_EC_NO_RRC + header[8:])
        return Unwrapped(bytes(body[:end]), False) if compare_digest(mac, body[end:]) else None


def _rotated_back(body: memoryview, turn: int) -> memoryview:
    if not turn or not len(body) or not (by := turn % len(body)):
        return body
    return memoryview(b"".join((body[by:], body[:by])))
