"""The door to OpenSSL: AES in chains and blocks, and keyed hashes, through ``cryptography``.

Keys are handed over as bytearrays, so that they can be zeroed. What OpenSSL makes of a key (its schedule, the first
block of an HMAC) is cleared by OpenSSL when the object goes.

*One chain for all messages.* A message is encrypted under an initial vector of zeros, and beginning a chain takes
OpenSSL 1.5 µs, as long as encrypting 2 KiB. So the chain is never ended and goes on from message to message. What CBC
mixes into a message's first block, the last block of ciphertext before it, is mixed in once more by us, which takes it
out again:

===========  ==============================  ====================================
encrypting   CBC gives E(P xor before)       E((P xor before) xor before) = E(P)
decrypting   CBC gives D(C) xor before       (D(C) xor before) xor before = D(C)
===========  ==============================  ====================================

That holds whatever ``before`` is, as long as it is the block that OpenSSL has kept. While a message is being fed,
``before`` is None; if the message breaks off there, for want of memory, it stays None, and the next message begins a
new chain.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384, HashAlgorithm
from cryptography.hazmat.primitives.hmac import HMAC

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import CipherContext

__all__ = ["BLOCK", "Decryptor", "Encryptor", "Mac", "block_cipher"]

BLOCK = 16
"""Bytes of an AES block."""
_ZEROS = bytes(BLOCK)

_HASHES: dict[str, Callable[[], HashAlgorithm]] = {"sha1": SHA1, "sha256": SHA256, "sha384": SHA384}


class _Chain:
    """AES-CBC under one key, see the head of this file. What OpenSSL keeps of it is made when it is first needed.

    :param key: 16 or 32 bytes, kept until :meth:`wipe`
    """

    __slots__ = ("_into", "_key", "before", "update")

    def __init__(self, key: bytearray) -> None:
        self._key = key
        self.before: bytes | None = None
        """The last block of ciphertext that OpenSSL has seen. Set when a message ends; None if that is not known."""
        self.update: Callable[[bytes | memoryview], bytes]
        """What comes next in a message that has begun, in whole blocks."""

    def update_far(self, data: memoryview) -> memoryview:
        """As ``update``, with a copy less, which pays for much data."""
        room = bytearray(len(data) + BLOCK - 1)
        return memoryview(room)[: self._into(data, room)]

    def wipe(self) -> None:
        """Overwrite the key. The chain makes nothing sensible afterwards."""
        self._key[:] = bytes(len(self._key))
        self.before = None

    def _keep(self, context: CipherContext) -> None:
        self.update, self._into = context.update, context.update_into

    def _fresh(self) -> Cipher[CBC]:
        return Cipher(AES(self._key), CBC(_ZEROS))


class Encryptor(_Chain):
    """Encrypts message after message."""

    __slots__ = ()

    def begin(self, block: bytes) -> bytes:
        """A message's first block, under a vector of zeros."""
        before, self.before = self.before, None
        if before is None:
            self._keep(self._fresh().encryptor())
            return self.update(block)
        return self.update(_xor(block, before))


class Decryptor(_Chain):
    """Decrypts message after message."""

    __slots__ = ()

    def begin(self, block: bytes | memoryview) -> bytes:
        """A message's first block, under a vector of zeros; so this is also how one block is decrypted by itself."""
        before, self.before = self.before, None
        if before is None:
            self._keep(self._fresh().decryptor())
            return self.update(block)
        return _xor(self.update(block), before)


class Mac:
    """An HMAC cut off after some bytes. What OpenSSL keeps of it, 700 bytes, is made when it is first needed.

    :param key: kept until the first call or :meth:`wipe`
    :param digest: ``sha1``, ``sha256``, ``sha384``
    :param size: bytes of the result
    """

    __slots__ = ("_fresh", "_hash", "_key", "_size")

    def __init__(self, key: bytearray, digest: str, size: int) -> None:
        self._key = key
        self._hash = _HASHES[digest]
        self._fresh: Callable[[], HMAC] | None = None
        self._size = size

    def __call__(self, *parts: bytes | memoryview) -> bytes:
        """Of the parts, one after the other."""
        mac = (self._fresh or self._begin())()
        for part in parts:
            mac.update(part)
        return mac.finalize()[: self._size]

    def once(self, text: bytes) -> bytes:
        """Of the text, before the first call, and without making anything that is kept."""
        mac = HMAC(self._key, self._hash())
        mac.update(text)
        return mac.finalize()[: self._size]

    def wipe(self) -> None:
        """Overwrite the key."""
        self._key[:] = bytes(len(self._key))

    def _begin(self) -> Callable[[], HMAC]:
        self._fresh = HMAC(self._key, self._hash()).copy
        self.wipe()
        return self._fresh


def block_cipher(key: bytes) -> Callable[[bytes], bytes]:
    """Encrypts one block of AES by itself, as RFC 3961 derives keys."""
    return Cipher(AES(key), ECB()).encryptor().update  # noqa: S305 - see above


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one, "little") ^ int.from_bytes(other, "little")).to_bytes(BLOCK, "little")
