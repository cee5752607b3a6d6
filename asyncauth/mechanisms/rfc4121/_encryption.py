"""Encryption of RFC 3961 for AES: a random block and the data, encrypted with ciphertext stealing, and their HMAC.

Read against the RFCs line by line. P is the plaintext, here always the data and the header's copy; ``|`` joins.

===================  ===============================================================================================
RFC 3961 5.3         C1 = E(Ke, conf | P), H1 = HMAC(Ki, conf | P), ciphertext = C1 | H1[1..h]; the confounder is a
                     block of random bytes; the message's state does not go on to the next one, so that the initial
                     vector is zeros each time. Decryption compares H1 before it gives anything out.
RFC 3962 5, 6        E is AES-CBC with ciphertext stealing as in RFC 2040, with the last two blocks *always* swapped,
                     even if the last one is full; h is 12; no padding is ever added to P.
RFC 8009 5           C = E(Ke, N | P) by RFC 3962 with IV = 0, H = HMAC(Ki, IV | C), ciphertext = C | H[1..h]:
                     the HMAC is over the *ciphertext*, with the vector before it, and is checked before decryption.
RFC 2040 8           Encrypting n blocks with stealing is CBC of the plaintext filled up with zeros, where the last two
                     blocks of ciphertext change places and the one that is now last is cut to the length of the
                     data's rest. Decrypting: the last whole block, decrypted by itself, ends in the bytes that were
                     stolen from the block before it; put them back, swap, and the whole is CBC again; the zeros
                     that filled the plaintext come out at its end and are cut off.
===================  ===============================================================================================

A single block, which CBC alone would do, cannot occur: confounder and header's copy are two.

Passes over the data: the copy that puts the confounder before it, AES, the HMAC, and the copy that puts the token
together (one more with RFC 8009, whose HMAC wants the ciphertext in order). Whatever is compared with an HMAC is
compared in constant time.
"""

from __future__ import annotations

from hmac import compare_digest

from ._derivation import ENCRYPTION, INTEGRITY, Enctype, derive
from ._openssl import BLOCK, Chain, Mac

__all__ = ["Encryption"]

_VECTOR = _ZEROS = bytes(BLOCK)
_ROOM = 2 * BLOCK
"""Bytes behind what is decrypted: the zeros, and what OpenSSL wants to see free."""


class Encryption:
    """Encrypts and decrypts under the keys of one usage.

    :param base: the context's key
    :param usage: key usage number
    """

    __slots__ = ("_chain", "_mac", "_mac_size", "_over_ciphertext")

    def __init__(self, enctype: Enctype, base: bytes, usage: int) -> None:
        self._chain = Chain(derive(enctype, base, usage, ENCRYPTION))
        self._mac = Mac(derive(enctype, base, usage, INTEGRITY), enctype.digest, enctype.mac)
        self._mac_size = enctype.mac
        self._over_ciphertext = enctype.of_rfc_8009

    def encrypt(self, confounder: bytes, data: bytes | memoryview, header: bytes) -> bytes:
        """The header in the clear, then data and header encrypted."""
        size = BLOCK + len(data) + len(header)
        rest = size % BLOCK or BLOCK
        plain = b"".join((confounder, data, header, _ZEROS[rest:]))
        blocks = memoryview(self._chain.encryptor().update(plain))
        front, short, whole = blocks[: -2 * BLOCK], blocks[-2 * BLOCK : rest - 2 * BLOCK], blocks[-BLOCK:]
        if self._over_ciphertext:
            cipher = b"".join((front, whole, short))
            return b"".join((header, cipher, self._mac(_VECTOR, cipher)))
        return b"".join((header, front, whole, short, self._mac(memoryview(plain)[:size])))

    def decrypt(self, ciphertext: memoryview) -> memoryview | None:
        """What was encrypted, without its confounder; None if the HMAC does not fit."""
        size = len(ciphertext) - self._mac_size
        if size <= BLOCK:
            return None
        cipher, mac = ciphertext[:size], ciphertext[size:]
        if self._over_ciphertext:
            return self._blocks(cipher)[BLOCK:] if compare_digest(self._mac(_VECTOR, cipher), mac) else None
        plain = self._blocks(cipher)
        return plain[BLOCK:] if compare_digest(self._mac(plain), mac) else None

    def wipe(self) -> None:
        """Overwrite the keys."""
        self._chain.wipe()
        self._mac.wipe()

    def _blocks(self, cipher: memoryview) -> memoryview:
        """Undo the stealing, and CBC.

        One chain does both: its vector is zeros, so its first block comes out decrypted by itself; and the block
        after that mixed with it, as CBC does, which is undone.
        """
        size = len(cipher)
        rest = size % BLOCK or BLOCK
        head = size - rest - BLOCK
        whole, short = cipher[head : head + BLOCK], cipher[head + BLOCK :]
        plain = memoryview(bytearray(size + _ROOM))
        decryptor = self._chain.decryptor()
        stolen = decryptor.update(whole)[rest:]
        decryptor.update_into(cipher[:head], plain)
        decryptor.update_into(b"".join((short, stolen, whole)), plain[head:])
        plain[:BLOCK] = _xor(plain[:BLOCK], whole)
        return plain[:size]


def _xor(one: memoryview, other: memoryview) -> bytes:
    return (int.from_bytes(one, "little") ^ int.from_bytes(other, "little")).to_bytes(BLOCK, "little")
