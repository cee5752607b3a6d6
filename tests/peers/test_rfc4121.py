"""The independent reading against the RFCs' own examples, and against itself."""

from __future__ import annotations

import pytest

from .rfc4121 import Session, cts_decrypt, cts_encrypt, n_fold

CHICKEN = bytes.fromhex("636869636b656e207465726979616b69")


@pytest.mark.parametrize(
    ("text", "size", "folded"),
    [
        (b"012345", 8, "be072631276b1955"),
        (b"password", 7, "78a07b6caf85fa"),
        (b"kerberos", 16, "6b65726265726f737b9b5b2b93132b93"),
    ],
)
def test_n_fold_as_in_rfc_3961_a_1(text: bytes, size: int, folded: str) -> None:
    assert n_fold(text, size).hex() == folded


@pytest.mark.parametrize(
    ("length", "cipher"),
    [
        (17, "c6353568f2bf8cb4d8a580362da7ff7f97"),
        (31, "fc00783e0efdb2c1d445d4c8eff7ed2297687268d6ecccc0c07b25e25ecfe5"),
        (32, "39312523a78662d5be7fcbcc98ebf5a897687268d6ecccc0c07b25e25ecfe584"),
    ],
)
def test_ciphertext_stealing_as_in_rfc_3962_b(length: int, cipher: str) -> None:
    plain = b"I would like the General Gau's Chicken, please, and wonton soup."[:length]
    assert cts_encrypt(CHICKEN, plain).hex() == cipher
    assert cts_decrypt(CHICKEN, bytes.fromhex(cipher)) == plain


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 1000])
@pytest.mark.parametrize("sealed", [False, True])
def test_messages_there_and_back(size: int, sealed: bool) -> None:
    session = Session(bytes(range(32)))
    token = session.wrap(bytes(size), 7, by_acceptor=True, sealed=sealed, turn=28)
    assert session.unwrap(token)[:4] == (bytes(size), sealed, 7, True)
    assert session.verify(b"data", session.sign(b"data", 9, by_acceptor=False)) == 9
    with pytest.raises(ValueError, match="does not fit"):
        session.unwrap(token[:-1] + bytes((token[-1] ^ 1,)))
