"""From a context's key to the keys of its messages.

=================================  ====================================================================
RFC 4121 2                         key usages 22 to 25, by who sends and whether it is Wrap or MIC
RFC 3961 5.1                       ``DK(base, usage || what)``, with ``n-fold``: AES-SHA1
RFC 3961 5.3                       ``what``: 0x99 checksum, 0xAA encryption, 0x55 integrity of what is encrypted
RFC 3962 6                         AES-SHA1: keys of the base key's length, HMAC-SHA1 cut off after 12 bytes
RFC 8009 3 and 5                   ``KDF-HMAC-SHA2(base, usage || what, k)``: AES-SHA2, lengths as there
=================================  ====================================================================
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from functools import lru_cache
from math import gcd
from typing import Literal

from ._openssl import BLOCK, block_cipher

__all__ = [
    "CHECKSUM",
    "ENCRYPTION",
    "ENCTYPES",
    "INTEGRITY",
    "Enctype",
    "derive",
    "n_fold",
    "seal_usage",
    "sign_usage",
]

CHECKSUM, ENCRYPTION, INTEGRITY = 0x99, 0xAA, 0x55


@dataclass(frozen=True)
class Enctype:
    """What an encryption type consists of. Lengths in bytes."""

    digest: Literal["sha1", "sha256", "sha384"]
    key: int
    """Of the base key and of the encryption key."""
    mac: int
    """Of a message's HMAC."""
    mac_key: int
    """Of the checksum and integrity keys."""

    @property
    def of_rfc_8009(self) -> bool:
        """True: the HMAC is over what was encrypted. False (RFC 3962): over what was not encrypted yet."""
        return self.digest != "sha1"


ENCTYPES = {
    17: Enctype("sha1", key=16, mac=12, mac_key=16),
    18: Enctype("sha1", key=32, mac=12, mac_key=32),
    19: Enctype("sha256", key=16, mac=16, mac_key=16),
    20: Enctype("sha384", key=32, mac=24, mac_key=24),
}
"""By number, as IANA has them: RFC 3962 7 and RFC 8009 8."""


def seal_usage(by_acceptor: bool) -> int:
    """KG-USAGE-ACCEPTOR-SEAL or KG-USAGE-INITIATOR-SEAL: of Wrap tokens, sealed or not."""
    return 22 if by_acceptor else 24


def sign_usage(by_acceptor: bool) -> int:
    """KG-USAGE-ACCEPTOR-SIGN or KG-USAGE-INITIATOR-SIGN: of MIC tokens."""
    return 23 if by_acceptor else 25


def derive(enctype: Enctype, base: bytes, usage: int, what: int) -> bytearray:
    """The key for a usage: for ``CHECKSUM``, ``ENCRYPTION`` or ``INTEGRITY``."""
    constant = usage.to_bytes(4, "big") + bytes((what,))
    size = enctype.key if what == ENCRYPTION else enctype.mac_key
    return (_kdf if enctype.of_rfc_8009 else _dk)(enctype.digest, base, constant, size)


def _dk(_: str, base: bytes, constant: bytes, size: int) -> bytearray:
    """RFC 3961 5.1: the folded constant encrypted again and again. AES's random-to-key is the identity."""
    block, key, encrypt = n_fold(constant, BLOCK), bytearray(), block_cipher(base)
    while len(key) < size:
        block = encrypt(block)
        key += block
    return key


def _kdf(digest: str, base: bytes, constant: bytes, size: int) -> bytearray:
    """RFC 8009 3: one round is enough, because no key is longer than the hash."""
    text = b"\0\0\0\x01" + constant + b"\0" + (size * 8).to_bytes(4, "big")
    return bytearray(hmac.digest(base, text, digest)[:size])


@lru_cache(maxsize=32)
def n_fold(data: bytes, size: int) -> bytes:
    """RFC 3961 5.1: copies of the data, each rotated 13 bits further to the right, up to the least common multiple of
    the lengths; cut into pieces of ``size`` bytes, which are added with end-around carry.
    """
    bits = len(data) * 8
    number, mask = int.from_bytes(data, "big"), (1 << bits) - 1
    text = 0
    for copy in range(size // gcd(len(data), size)):
        by = 13 * copy % bits
        text = (text << bits) | (number >> by) | (number << (bits - by) & mask)
    ones = (1 << size * 8) - 1
    total = 0
    while text:
        total += text & ones
        text >>= size * 8
    while total > ones:
        total = (total & ones) + (total >> size * 8)
    return total.to_bytes(size, "big")
