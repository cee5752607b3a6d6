"""What the two ends of SASL's GSSAPI mechanism tell each other about the messages to come (RFC 4752 3.1 to 3.3).

Both travel inside Wrap tokens, without confidentiality. The server's::

    1 byte    the layers it can do: 1 none, 2 integrity, 4 integrity and confidentiality, or'ed
    3 bytes   the longest Wrap token that it takes, most significant byte first; 0 if it can do no layer

and the client's answer::

    1 byte    one of these layers
    3 bytes   the longest Wrap token that it takes; 0 if it chose no layer
    the rest  as whom it wants to act, in UTF-8; nothing if as itself

GSS-SPNEGO has neither: there the layer is what the security context can do, and nobody says how much it takes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ._errors import ProtectionError, RemoteProtocolError
from ._types import Protection

__all__ = ["LARGEST", "OVERHEAD", "Choice", "Offer", "room"]

LARGEST = 0xFF_FFFF
"""Bytes; what three bytes can say."""

OVERHEAD = 72
"""Bytes; the most that a Wrap token adds: sealed with AES256-SHA384 (RFC 4121, RFC 8009)."""

_HEAD = 4
_BITS = {1: Protection.NONE, 2: Protection.SIGN, 4: Protection.SEAL}
_BIT = {protection: bit for bit, protection in _BITS.items()}


class Offer(NamedTuple):
    """What a server can do."""

    layers: frozenset[Protection]
    size: int
    """Bytes of the longest token that it takes."""

    @classmethod
    def of(cls, layers: Iterable[Protection], size: int) -> Offer:
        """With the size that these layers have to go with."""
        offered = frozenset(layers)
        return cls(offered, size if offered - {Protection.NONE} else 0)

    @classmethod
    def parse(cls, data: bytes) -> Offer:
        """Bits that RFC 4752 does not know are passed over.

        :raises RemoteProtocolError: it is not four bytes long
        """
        if len(data) != _HEAD:
            raise RemoteProtocolError(
                f"the peer offered security layers in {len(data)} bytes, and {_HEAD} are right"
            )
        known = frozenset(protection for bit, protection in _BITS.items() if data[0] & bit)
        return cls(known, int.from_bytes(data[1:]))

    def build(self) -> bytes:
        return bytes((sum(_BIT[layer] for layer in self.layers),)) + self.size.to_bytes(_HEAD - 1)

    def choose(self, required: Protection, possible: Protection) -> Protection:
        """The least layer that is enough.

        :param possible: the most that the security context can do
        :raises ProtectionError: there is none
        """
        for layer in sorted(self.layers):
            if required <= layer <= possible:
                return layer
        offered = ", ".join(layer.name for layer in sorted(self.layers)) or "nothing"
        raise ProtectionError(
            f"the peer offers the security layers {offered}, and {required.name} is required",
            fix="let it offer more (cyrus-sasl: maxssf), or lower the requirement here by name",
        )


class Choice(NamedTuple):
    """What a client made of it."""

    layer: Protection
    size: int
    """Bytes of the longest token that it takes."""
    authzid: str = ""

    @classmethod
    def of(cls, layer: Protection, size: int, authzid: str) -> Choice:
        """With the size that this layer has to go with."""
        return cls(layer, size if layer is not Protection.NONE else 0, authzid)

    @classmethod
    def parse(cls, data: bytes) -> Choice:
        """
        :raises RemoteProtocolError: too short, not exactly one layer, a size with no layer, or no UTF-8
        """
        if len(data) < _HEAD:
            raise RemoteProtocolError(
                f"the peer chose a security layer in {len(data)} bytes, and {_HEAD} are the least"
            )
        if data[0] not in _BITS:
            raise RemoteProtocolError(f"the peer chose the security layer 0x{data[0]:02x}, which is not one")
        choice = cls(_BITS[data[0]], int.from_bytes(data[1:_HEAD]), _authzid(data[_HEAD:]))
        if choice.layer is Protection.NONE and choice.size:
            raise RemoteProtocolError(
                f"the peer chose no security layer and takes {choice.size} bytes of one"
            )
        return choice

    def build(self) -> bytes:
        return bytes((_BIT[self.layer],)) + self.size.to_bytes(_HEAD - 1) + self.authzid.encode()


def room(size: int, layer: Protection) -> int:
    """How many bytes of data fit a token of that size.

    :raises RemoteProtocolError: none do, and the layer needs them
    """
    if layer is Protection.NONE:
        return LARGEST
    if size <= OVERHEAD:
        raise RemoteProtocolError(
            f"the peer takes messages of {size} bytes, and their protection alone may need {OVERHEAD}",
            fix="let it take larger ones (cyrus-sasl: maxbufsize)",
        )
    return size - OVERHEAD


def _authzid(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise RemoteProtocolError("the peer's authorization identity is not UTF-8") from None
    if "\0" in text:
        raise RemoteProtocolError("the peer's authorization identity has a NUL in it")
    return text
