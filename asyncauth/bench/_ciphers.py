"""What is below every sealed message: the passes of cipher and hash, without a token, a call of GSSAPI or a network.

AES-256-CBC and HMAC-SHA1 are what aes256-cts-hmac-sha1-96 consists of (RFC 3962), which Active Directory's tickets are
for. They are chained, so that no part of a message can be done beside another. ``cryptography`` is what the bulk path
uses, too.
"""

from __future__ import annotations

from collections.abc import Callable

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.hmac import HMAC

__all__ = ["cipher_and_hash"]

_KEY, _VECTOR = bytes(32), bytes(16)


def cipher_and_hash(size: int) -> Callable[[], object]:
    """A call that encrypts and hashes so many bytes, whole blocks."""
    data, room = bytes(size), bytearray(size + len(_VECTOR))
    encrypt = Cipher(AES(_KEY), CBC(_VECTOR)).encryptor().update_into
    fresh = HMAC(_KEY, SHA1()).copy  # noqa: S303 - as the RFC says

    def once() -> bytes:
        encrypt(data, room)
        mac = fresh()
        mac.update(data)
        return mac.finalize()

    return once
