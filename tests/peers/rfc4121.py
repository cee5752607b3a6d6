"""An independent reading of Kerberos messages: RFC 3961, 3962 and 4121, for AES with SHA-1 and nothing else.

Written from the RFCs for the tests, to check what a peer or we have put on the wire. It shares no code with
asyncauth and asks no Kerberos library. Slow and without any protection of its own: not for use.
"""

from __future__ import annotations

import hmac
from hashlib import sha1
from math import gcd
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB

__all__ = ["Session", "Wrapped", "cts_decrypt", "cts_encrypt", "n_fold"]

BLOCK, MAC, HEADER = 16, 12, 16
BY_ACCEPTOR, SEALED, ACCEPTOR_SUBKEY = 1, 2, 4
SEAL_USAGE = {True: 22, False: 24}  # by whether the acceptor sent it (RFC 4121 2)
SIGN_USAGE = {True: 23, False: 25}


class Wrapped(NamedTuple):
    """What a Wrap token held."""

    data: bytes
    sealed: bool
    number: int
    by_acceptor: bool
    rotated: int


class Session:
    """A context's key for messages: the acceptor's subkey, 16 or 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self.key = key

    def unwrap(self, token: bytes) -> Wrapped:
        """RFC 4121 4.2.6.2; ValueError if it does not hold."""
        header, body = token[:HEADER], token[HEADER:]
        if header[:2] != b"\x05\x04" or header[3] != 0xFF or not header[2] & ACCEPTOR_SUBKEY:
            raise ValueError(f"no Wrap token with the acceptor's subkey: {header.hex()}")
        extra, turn = int.from_bytes(header[4:6], "big"), int.from_bytes(header[6:8], "big")
        turn %= len(body)
        body = body[turn:] + body[:turn]
        by_acceptor, sealed = bool(header[2] & BY_ACCEPTOR), bool(header[2] & SEALED)
        opened = self._unseal if sealed else self._unsign
        data = opened(body, header, extra, SEAL_USAGE[by_acceptor])
        return Wrapped(data, sealed, int.from_bytes(header[8:], "big"), by_acceptor, turn)

    def wrap(
        self, data: bytes, number: int, *, by_acceptor: bool, sealed: bool = True, turn: int = 0
    ) -> bytes:
        """The token for data, rotated to the right by ``turn``; the confounder is a constant."""
        flags = ACCEPTOR_SUBKEY | SEALED * sealed | BY_ACCEPTOR * by_acceptor
        plain = b"\x05\x04" + bytes((flags, 0xFF, 0, 0, 0, 0)) + number.to_bytes(8, "big")
        usage = SEAL_USAGE[by_acceptor]
        if sealed:
            body, extra = self._encrypt(data + plain, usage), 0
        else:
            body, extra = data + self._checksum(data + plain, usage), MAC
        header = plain[:4] + extra.to_bytes(2, "big") + turn.to_bytes(2, "big") + plain[8:]
        turn %= len(body)
        return header + body[len(body) - turn :] + body[: len(body) - turn]

    def verify(self, data: bytes, mic: bytes) -> int:
        """The number of a MIC token over the data (4.2.6.1); ValueError if it is not one."""
        header, checksum = mic[:HEADER], mic[HEADER:]
        by_acceptor = bool(header[2] & BY_ACCEPTOR)
        if header[:2] != b"\x04\x04" or header[3:8] != b"\xff" * 5 or not header[2] & ACCEPTOR_SUBKEY:
            raise ValueError(f"no MIC token with the acceptor's subkey: {header.hex()}")
        if checksum != self._checksum(data + header, SIGN_USAGE[by_acceptor]):
            raise ValueError("the signature does not fit the data")
        return int.from_bytes(header[8:], "big")

    def sign(self, data: bytes, number: int, *, by_acceptor: bool) -> bytes:
        """The MIC token for data."""
        flags = ACCEPTOR_SUBKEY | BY_ACCEPTOR * by_acceptor
        header = b"\x04\x04" + bytes((flags,)) + b"\xff" * 5 + number.to_bytes(8, "big")
        return header + self._checksum(data + header, SIGN_USAGE[by_acceptor])

    def _unseal(self, body: bytes, header: bytes, extra: int, usage: int) -> bytes:
        plain = self._decrypt(body, usage)
        copy = header[:6] + b"\0\0" + header[8:]
        if plain[-HEADER:] != copy:
            raise ValueError("the header inside is not the header outside")
        return plain[: len(plain) - HEADER - extra]

    def _unsign(self, body: bytes, header: bytes, extra: int, usage: int) -> bytes:
        data, checksum = body[: len(body) - extra], body[len(body) - extra :]
        if checksum != self._checksum(data + header[:4] + bytes(4) + header[8:], usage):
            raise ValueError("the checksum does not fit the data")
        return data

    def _decrypt(self, body: bytes, usage: int) -> bytes:
        """RFC 3961 5.3: confounder and plaintext encrypted, then their HMAC."""
        cipher, mac = body[:-MAC], body[-MAC:]
        plain = cts_decrypt(self._derive(usage, 0xAA), cipher)
        if mac != hmac.digest(self._derive(usage, 0x55), plain, sha1)[:MAC]:
            raise ValueError("the HMAC does not fit the plaintext")
        return plain[BLOCK:]

    def _encrypt(self, data: bytes, usage: int) -> bytes:
        plain = b"confounder......" + data
        mac = hmac.digest(self._derive(usage, 0x55), plain, sha1)[:MAC]
        return cts_encrypt(self._derive(usage, 0xAA), plain) + mac

    def _checksum(self, data: bytes, usage: int) -> bytes:
        return hmac.digest(self._derive(usage, 0x99), data, sha1)[:MAC]

    def _derive(self, usage: int, what: int) -> bytes:
        """RFC 3961 5.1: DK(key, usage || what)."""
        block, derived = n_fold(usage.to_bytes(4, "big") + bytes((what,)), BLOCK), b""
        while len(derived) < len(self.key):
            block = _ecb(self.key, block)
            derived += block
        return derived[: len(self.key)]


def n_fold(data: bytes, size: int) -> bytes:
    """RFC 3961 5.1: copies, each rotated 13 bits further, added with end-around carry."""
    bits = len(data) * 8
    number = int.from_bytes(data, "big")
    copies = size // gcd(len(data), size)
    text = 0
    for turn in range(copies):
        by = 13 * turn % bits
        text = (text << bits) | (number >> by) | ((number << (bits - by)) & ((1 << bits) - 1))
    total, ones = 0, (1 << size * 8) - 1
    while text:
        total += text & ones
        text >>= size * 8
    while total > ones:
        total = (total & ones) + (total >> size * 8)
    return total.to_bytes(size, "big")


def cts_decrypt(key: bytes, cipher: bytes) -> bytes:
    """AES-CBC with ciphertext stealing and the last two blocks swapped, initial vector 0 (RFC 3962 5)."""
    if len(cipher) == BLOCK:
        return _cbc(key, bytes(BLOCK), cipher)
    rest = len(cipher) % BLOCK or BLOCK
    head = cipher[: -BLOCK - rest]
    last, short = cipher[-BLOCK - rest : -rest], cipher[-rest:]
    before = head[-BLOCK:] or bytes(BLOCK)
    mixed = _cbc(key, bytes(BLOCK), last)
    stolen = short + mixed[rest:]
    end = bytes(a ^ b for a, b in zip(mixed, short, strict=False))
    return (_cbc(key, bytes(BLOCK), head) if head else b"") + _cbc(key, before, stolen) + end


def cts_encrypt(key: bytes, plain: bytes) -> bytes:
    """The same the other way."""
    rest = len(plain) % BLOCK or BLOCK
    padded = plain + bytes(BLOCK - rest)
    encryptor = Cipher(AES(key), CBC(bytes(BLOCK))).encryptor()
    blocks = encryptor.update(padded) + encryptor.finalize()
    if len(padded) == BLOCK:
        return blocks
    return blocks[: -2 * BLOCK] + blocks[-BLOCK:] + blocks[-2 * BLOCK : -2 * BLOCK + rest]


def _cbc(key: bytes, vector: bytes, cipher: bytes) -> bytes:
    decryptor = Cipher(AES(key), CBC(vector)).decryptor()
    return decryptor.update(cipher) + decryptor.finalize()


def _ecb(key: bytes, block: bytes) -> bytes:
    encryptor = Cipher(AES(key), ECB()).encryptor()  # noqa: S305 - one block, as RFC 3961 derives keys
    return encryptor.update(block) + encryptor.finalize()
