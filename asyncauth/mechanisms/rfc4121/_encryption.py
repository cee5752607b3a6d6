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

In the code a text is three parts: the confounder, which is a block; the *front*, all whole blocks but the last two; and
the *end*, those two. Where there are two blocks in all, the confounder is one of them, and the front is empty. Nothing
but the end is ever swapped or filled up, so that the front, nearly all of a large message, is encrypted, decrypted and
hashed where it lies.

Passes over the data: AES, the HMAC, and the copy that puts the parts together. Taking AES and HMAC in turns over slices
that stay in the processor's nearest cache was tried, and is slower. Whatever is compared with an HMAC is compared in
constant time.
"""

from __future__ import annotations

from hmac import compare_digest

from ._derivation import ENCRYPTION, INTEGRITY, Enctype, derive
from ._openssl import BLOCK, Decryptor, Encryptor, Mac

__all__ = ["Encryption"]

_VECTOR = _ZEROS = bytes(BLOCK)


class Encryption:
    """Encrypts and decrypts under the keys of one usage.

    :param base: the context's key
    :param usage: key usage number
    """

    __slots__ = ("_decryptor", "_encryptor", "_mac", "_mac_size", "_over_ciphertext")

    def __init__(self, enctype: Enctype, base: bytes, usage: int) -> None:
        key = derive(enctype, base, usage, ENCRYPTION)
        self._encryptor = Encryptor(key)
        self._decryptor = Decryptor(key)
        self._mac = Mac(derive(enctype, base, usage, INTEGRITY), enctype.digest, enctype.mac)
        self._mac_size = enctype.mac
        self._over_ciphertext = enctype.of_rfc_8009

    def encrypt(self, confounder: bytes, data: bytes | memoryview, header: bytes) -> bytes:
        """The header in the clear, then data and header encrypted."""
        size = BLOCK + len(data) + len(header)
        rest = size % BLOCK or BLOCK
        cut = max(size - rest - 2 * BLOCK, 0)
        view, chain = memoryview(data), self._encryptor
        first = chain.begin(confounder)
        front = chain.update_far(view[:cut])
        last = chain.update(b"".join((view[cut:], header, _ZEROS[rest:])))
        if len(last) == BLOCK:
            first, last = b"", first + last
        short, whole = last[:rest], last[BLOCK:]
        chain.before = whole
        if self._over_ciphertext:
            mac = self._mac(_VECTOR, first, front, whole, short)
        else:
            mac = self._mac(confounder, data, header)
        return b"".join((header, first, front, whole, short, mac))

    def decrypt(self, ciphertext: memoryview) -> tuple[memoryview, bytes] | None:
        """What was encrypted, without its confounder: front and end; None if the HMAC does not fit."""
        size = len(ciphertext) - self._mac_size
        if size <= BLOCK:
            return None
        cipher, mac = ciphertext[:size], ciphertext[size:]
        if self._over_ciphertext:
            return self._blocks(cipher)[1:] if compare_digest(self._mac(_VECTOR, cipher), mac) else None
        confounder, front, end = self._blocks(cipher)
        return (front, end) if compare_digest(self._mac(confounder, front, end), mac) else None

    def wipe(self) -> None:
        """Overwrite the keys."""
        self._encryptor.wipe()
        self._decryptor.wipe()
        self._mac.wipe()

    def _blocks(self, cipher: memoryview) -> tuple[bytes, memoryview, bytes]:
        """Undo the stealing, and CBC: confounder, front, end."""
        rest = len(cipher) % BLOCK or BLOCK
        head = len(cipher) - rest - BLOCK
        whole, chain = bytes(cipher[head : head + BLOCK]), self._decryptor
        stolen = chain.begin(whole)[rest:]
        chain.before = whole
        last = b"".join((cipher[head + BLOCK :], stolen, whole))
        first = cipher[:BLOCK]
        if not head:
            first, last = memoryview(last)[:BLOCK], last[BLOCK:]
        confounder = chain.begin(first)
        front = chain.update_far(cipher[BLOCK:head])
        end = chain.update(last)
        chain.before = whole
        return confounder, front, end[: len(last) - BLOCK + rest]
