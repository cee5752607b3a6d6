"""The door to OpenSSL: AES in blocks and chains, and keyed hashes, through ``cryptography``.

Keys are handed over as bytearrays, so that they can be zeroed. What OpenSSL makes of a key (its schedule, the first
block of an HMAC) is cleared by OpenSSL when the object goes.
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

__all__ = ["BLOCK", "Chain", "Mac", "encrypt_block"]

BLOCK = 16
"""Bytes of an AES block."""

_HASHES: dict[str, Callable[[], HashAlgorithm]] = {"sha1": SHA1, "sha256": SHA256, "sha384": SHA384}


class Chain:
    """AES-CBC with an initial vector of zeros, under one key.

    :param key: 16 or 32 bytes, kept until :meth:`wipe`
    """

    __slots__ = ("_key", "decryptor", "encryptor")

    def __init__(self, key: bytearray) -> None:
        self._key = key
        chain = Cipher(AES(key), CBC(bytes(BLOCK)))
        self.encryptor: Callable[[], CipherContext] = chain.encryptor
        """A new chain, to encrypt."""
        self.decryptor: Callable[[], CipherContext] = chain.decryptor
        """A new chain, to decrypt."""

    def wipe(self) -> None:
        """Overwrite the key. The chain encrypts nothing sensible afterwards."""
        self._key[:] = bytes(len(self._key))


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

    def __call__(self, first: bytes | memoryview, second: bytes | memoryview = b"") -> bytes:
        """Of the two, one after the other."""
        mac = (self._fresh or self._begin())()
        mac.update(first)
        if second:
            mac.update(second)
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


def encrypt_block(key: bytes, block: bytes) -> bytes:
    """One block of AES by itself, as RFC 3961 derives keys."""
    encryptor = Cipher(AES(key), ECB()).encryptor()  # noqa: S305 - see above
    return encryptor.update(block)
