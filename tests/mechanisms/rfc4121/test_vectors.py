"""The RFCs' own examples: RFC 3961 A.1, RFC 3962 B, RFC 8009 A; and MIT's for AES-SHA1, where RFC 3962 has none."""

from __future__ import annotations

import pytest

from asyncauth.mechanisms.rfc4121 import ENCTYPES
from asyncauth.mechanisms.rfc4121._derivation import CHECKSUM, ENCRYPTION, INTEGRITY, derive, n_fold
from asyncauth.mechanisms.rfc4121._encryption import Encryption
from asyncauth.mechanisms.rfc4121._openssl import Decryptor, Encryptor, Mac

USAGE = 2
HALF = bytes.fromhex("3705d96080c17728a0e800eab6e0d23c")
FULL = bytes.fromhex("6d404d37faf79f9df0d33568d320669800eb4836472ea8a026d16b7182460c52")
COUNTING = bytes(range(21))


def decrypted(encryption: Encryption, ciphertext: bytes) -> bytes:
    plain = encryption.decrypt(memoryview(ciphertext))
    assert plain is not None
    return b"".join(plain)


@pytest.mark.parametrize(
    ("text", "size", "folded"),
    [
        (b"012345", 8, "be072631276b1955"),
        (b"password", 7, "78a07b6caf85fa"),
        (b"Rough Consensus, and Running Code", 8, "bb6ed30870b7f0e0"),
        (b"password", 21, "59e4a8ca7c0385c3c37b3f6d2000247cb6e6bd5b3e"),
        (b"MASSACHVSETTS INSTITVTE OF TECHNOLOGY", 24, "db3b0d8f0b061e603282b308a50841229ad798fab9540c1b"),
        (b"Q", 21, "518a54a2 15a8452a 518a54a2 15a8452a 518a54a2 15"),
        (b"ba", 21, "fb25d531 ae897449 9f52fd92 ea9857c4 ba24cf29 7e"),
        (b"kerberos", 8, "6b65726265726f73"),
        (b"kerberos", 16, "6b65726265726f737b9b5b2b93132b93"),
        (b"kerberos", 21, "8372c236344e5f1550cd0747e15d62ca7a5a3bcea4"),
        (b"kerberos", 32, "6b65726265726f737b9b5b2b93132b935c9bdcdad95c9899c4cae4dee6d6cae4"),
    ],
)
def test_n_fold(text: bytes, size: int, folded: str) -> None:
    assert n_fold(text, size) == bytes.fromhex(folded)


@pytest.mark.parametrize(
    ("length", "cipher"),
    [
        (17, "c6353568f2bf8cb4d8a580362da7ff7f97"),
        (31, "fc00783e0efdb2c1d445d4c8eff7ed2297687268d6ecccc0c07b25e25ecfe5"),
        (32, "39312523a78662d5be7fcbcc98ebf5a897687268d6ecccc0c07b25e25ecfe584"),
        (
            47,
            "97687268d6ecccc0c07b25e25ecfe584b3fffd940c16a18c1b5549d2f838029e39312523a78662d5be7fcbcc98ebf5",
        ),
        (
            48,
            "97687268d6ecccc0c07b25e25ecfe5849dad8bbb96c4cdc03bc103e1a194bbd839312523a78662d5be7fcbcc98ebf5a8",
        ),
        (
            64,
            (
                "97687268d6ecccc0c07b25e25ecfe58439312523a78662d5be7fcbcc98ebf5a8"
                "4807efe836ee89a526730dbc2f7bc8409dad8bbb96c4cdc03bc103e1a194bbd8"
            ),
        ),
    ],
)
def test_ciphertext_stealing(length: int, cipher: str) -> None:
    plain = b"I would like the General Gau's Chicken, please, and wonton soup."[:length]
    encryption = Encryption(ENCTYPES[17], bytes(16), USAGE)
    key = bytearray.fromhex("636869636b656e207465726979616b69")
    encryption._encryptor, encryption._decryptor = Encryptor(key), Decryptor(key)
    made = encryption.encrypt(plain[:16], plain[16:], b"")
    assert made[:-12].hex() == cipher
    assert decrypted(encryption, made) == plain[16:]


@pytest.mark.parametrize(
    ("enctype", "base", "checksum", "encryption", "integrity"),
    [
        (
            17,
            "42263c6e89f4fc28b8df68ee09799f15",
            "34280a382bc92769b2da2f9ef066854b",
            "5b14fc4e250e14ddf9dccf1af6674f53",
            "4ed31063621684f09ae8d89991af3e8f",
        ),
        (
            18,
            "fe697b52bc0d3ce14432ba036a92e65bbb52280990a2fa27883998d72af30161",
            "bfab388bdcb238e9f9c98d6a878304f04d30c82556375ac507a7a852790f4674",
            "c7cfd9cd75fe793a586a542d87e0d1396f1134a104bb1a9190b8c90ada3ddf37",
            "97151b4c76945063e2eb0529dc067d97d7bba90776d8126d91f34f3101aea8ba",
        ),
        (
            19,
            HALF.hex(),
            "b31a018a48f54776f403e9a396325dc3",
            "9b197dd1e8c5609d6e67c3e37c62c72e",
            "9fda0e56ab2d85e1569a688696c26a6c",
        ),
        (
            20,
            FULL.hex(),
            "ef5718be86cc84963d8bbb5031e9f5c4ba41f28faf69e73d",
            "56ab22bee63d82d7bc5227f6773f8ea7a5eb1c825160c38312980c442e5c7e49",
            "69b16514e3cd8e56b82010d5c73012b622c4d00ffc23ed1f",
        ),
    ],
)
def test_derived_keys(enctype: int, base: str, checksum: str, encryption: str, integrity: str) -> None:
    expected = {CHECKSUM: checksum, ENCRYPTION: encryption, INTEGRITY: integrity}
    derived = {what: derive(ENCTYPES[enctype], bytes.fromhex(base), USAGE, what).hex() for what in expected}
    assert derived == expected


@pytest.mark.parametrize(
    ("enctype", "size", "confounder", "cipher"),
    [
        (
            19,
            6,
            "7bca285e2fd4130fb55b1a5c83bc5b24",
            "84d7f30754ed987bab0bf3506beb09cfb55402cef7e6877ce99e247e52d16ed4421dfdf8976c",
        ),
        (
            19,
            16,
            "56ab21713ff62c0a1457200f6fa9948f",
            "3517d640f50ddc8ad3628722b3569d2ae07493fa8263254080ea65c1008e8fc295fb4852e7d83e1e7c48c37eebe6b0d3",
        ),
        (
            19,
            21,
            "a7a4e29a4728ce10664fb64e49ad3fac",
            (
                "720f73b18d9859cd6ccb4346115cd336c70f58edc0c4437c5573544c31c813bc"
                "e1e6d072c186b39a413c2f92ca9b8334a287ffcbfc"
            ),
        ),
        (
            20,
            6,
            "b80d3251c1f6471494256ffe712d0b9a",
            "4ed7b37c2bcac8f74f23c1cf07e62bc7b75fb3f637b9f559c7f664f69eab7b6092237526ea0d1f61cb20d69d10f2",
        ),
        (
            20,
            16,
            "53bf8a0d105265d4e276428624ce5e63",
            (
                "bc47ffec7998eb91e8115cf8d19dac4bbbe2e163e87dd37f49beca92027764f6"
                "8cf51f14d798c2273f35df574d1f932e40c4ff255b36a266"
            ),
        ),
        (
            20,
            21,
            "763e65367e864f02f55153c7e3b58af1",
            (
                "40013e2df58e8751957d2878bcd2d6fe101ccfd556cb1eae79db3c3ee86429f2"
                "b2a602ac86fef6ecb647d6295fae077a1feb517508d2c16b4192e01f62"
            ),
        ),
    ],
)
def test_sample_encryptions(enctype: int, size: int, confounder: str, cipher: str) -> None:
    encryption = Encryption(ENCTYPES[enctype], {19: HALF, 20: FULL}[enctype], USAGE)
    assert encryption.encrypt(bytes.fromhex(confounder), COUNTING[:size], b"").hex() == cipher
    assert decrypted(encryption, bytes.fromhex(cipher)) == COUNTING[:size]


@pytest.mark.parametrize(
    ("key", "usage", "plain", "cipher"),
    [
        (
            "98450e3f3baa13f5c99beb936981b06f",
            1,
            b"1",
            "f86742f537b35dc2174a4dbaa920faf9042090b065e1ebb1cad9a65394",
        ),
        (
            "dceeb70b3de76562e689226c76429148",
            4,
            b"30 bytes bytes bytes bytes byt",
            (
                "c96081032d5d8eeb7e32b4089f789d0faa481dea74c0f97cbf3146ddfcf8e800"
                "156ecb532fc203e30ff600b63b350939fece510f02d7ff1e7bac"
            ),
        ),
    ],
)
def test_what_mit_encrypted(key: str, usage: int, plain: bytes, cipher: str) -> None:
    encryption = Encryption(ENCTYPES[17], bytes.fromhex(key), usage)
    assert decrypted(encryption, bytes.fromhex(cipher)) == plain


@pytest.mark.parametrize(
    ("enctype", "usage", "base", "text", "checksum"),
    [
        (19, 2, HALF.hex(), COUNTING, "d78367186643d67b411cba9139fc1dee"),
        (20, 2, FULL.hex(), COUNTING, "45ee791567eefca37f4ac1e0222de80d43c3bfa06699672a"),
        (
            18,
            4,
            "b1ae4cd8462aff1677053cc9279aac30b796fb81ce21474dd3ddbcfea4ec76d7",
            b"fourteen",
            "e08739e3279e2903ec8e3836",
        ),
    ],
)
def test_sample_checksums(enctype: int, usage: int, base: str, text: bytes, checksum: str) -> None:
    kind = ENCTYPES[enctype]
    mac = Mac(derive(kind, bytes.fromhex(base), usage, CHECKSUM), kind.digest, kind.mac)
    assert mac.once(text).hex() == checksum
    assert mac(text).hex() == checksum
    assert mac(text[:5], text[5:]).hex() == checksum
