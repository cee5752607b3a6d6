"""Keys from passwords: the RFCs' vectors, the salts of Active Directory, and both KDCs."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from asyncauth import CredentialError, MechanismError
from asyncauth.keytabs import (
    Salt,
    Secret,
    current_kvno,
    default_salt,
    keys_from_keytab,
    keys_from_password,
    read_keytab,
    salt_from_kdc,
    write_keytab,
)
from asyncauth.mechanisms import Password
from asyncauth.mechanisms._krb5._keys import string_to_key
from asyncauth.testing import SambaRealm

from .conftest import Subject

RFC3962 = [
    (16, "password", "ATHENA.MIT.EDUraeburn", 1, "42263c6e89f4fc28b8df68ee09799f15"),
    (32, "password", "ATHENA.MIT.EDUraeburn", 1,
     "fe697b52bc0d3ce14432ba036a92e65bbb52280990a2fa27883998d72af30161"),
    (16, "password", "ATHENA.MIT.EDUraeburn", 1200, "4c01cd46d632d01e6dbe230a01ed642a"),
    (32, "X" * 65, "pass phrase exceeds block size", 1200,
     "d78c5c9cb872a8c9dad4697f0bb5b2d21496c82beb2caeda2112fceea057401b"),
    (16, "\U0001d11e", "EXAMPLE.COMpianist", 50, "f149c1f2e154a73452d43e7fe62a56e5"),
]  # fmt: skip
"""RFC 3962, appendix B: octets of the key, password, salt, rounds, key."""
FOLDED = bytes.fromhex("6b65726265726f737b9b5b2b93132b93")
"""n-fold of "kerberos" to 128 bits (RFC 3961, appendix A.1)."""

RFC8009_SALT = bytes.fromhex("10DF9DD783E5BC8ACEA1730E74355F61") + b"ATHENA.MIT.EDUraeburn"
RFC8009 = [
    (19, "089bca48b105ea6ea77ca5d2f39dc5e7"),
    (20, "45bd806dbf6a833a9cffc1c94589a222367a79bc21c413718906e9f578a78467"),
]
"""RFC 8009, appendix A."""


def by_the_book(size: int, password: str, salt: str, rounds: int) -> bytes:
    """String-to-key of RFC 3962 section 4, without the library."""
    seed = hashlib.pbkdf2_hmac("sha1", password.encode(), salt.encode(), rounds, size)
    cipher = Cipher(algorithms.AES(seed), modes.ECB()).encryptor()  # noqa: S305 - block by block, as the RFC does
    first = cipher.update(FOLDED)
    return (first + cipher.update(first))[:size]


@pytest.mark.parametrize(("size", "password", "salt", "rounds", "key"), RFC3962)
def test_vectors_of_rfc_3962(size: int, password: str, salt: str, rounds: int, key: str) -> None:
    """The library takes no fewer than 4096 rounds; what it makes is what the RFC's way makes, which is shown first."""
    assert by_the_book(size, password, salt, rounds).hex() == key
    made = string_to_key({16: 17, 32: 18}[size], Secret(password), salt, None)
    assert made.reveal() == by_the_book(size, password, salt, 4096)
    with pytest.raises(CredentialError, match="Invalid key generation parameters"):
        string_to_key(18, Secret(password), salt, rounds.to_bytes(4, "big"))


@pytest.mark.parametrize(("enctype", "key"), RFC8009)
def test_vectors_of_rfc_8009(enctype: int, key: str) -> None:
    salt = RFC8009_SALT.decode("utf-8", "surrogateescape")
    made = string_to_key(enctype, Secret("password"), salt, (32768).to_bytes(4, "big"))
    assert made.reveal().hex() == key


@pytest.mark.parametrize(
    ("account", "salt"),
    [
        ("svc@EXAMPLE.TEST", "EXAMPLE.TESTsvc"),
        ("Svc@example.test", "EXAMPLE.TESTSvc"),
        ("APP1$@EXAMPLE.TEST", "EXAMPLE.TESThostapp1.example.test"),
    ],
)
def test_default_salts_of_active_directory(account: str, salt: str) -> None:
    """[MS-KILE] 3.1.1.2."""
    assert default_salt(account) == Salt(salt)


def test_the_domain_controller_has_the_same_salts(ad_realm: SambaRealm, ad_subject: Subject) -> None:
    computer = ad_realm.add_computer("SALTED1")
    for account in (computer.principal, ad_subject.service.principal, f"alice@{ad_realm.name}"):
        assert salt_from_kdc(account).text == default_salt(account).text


@pytest.mark.parametrize("account", ["svc", "@EXAMPLE.TEST", "svc@", ""])
def test_an_account_without_a_realm_is_refused(account: str) -> None:
    for function in (default_salt, salt_from_kdc):
        with pytest.raises(CredentialError, match="has no realm"):
            function(account)


def test_an_unknown_account_is_named(subject: Subject) -> None:
    with pytest.raises(CredentialError, match="nobody@"):
        salt_from_kdc(f"nobody@{subject.realm.name}")


def test_the_password_makes_the_keys_that_the_kdc_exports(subject: Subject) -> None:
    source = Password(subject.service.principal, subject.service.password)
    kvno = current_kvno(source, [subject.name])
    made = keys_from_password(source, kvno=kvno, salt=None)
    exported = keys_from_keytab(subject.keytab, subject.service.name)
    assert set(made) == set(exported)
    assert made[0].timestamp > 1_700_000_000


def test_the_version_follows_the_password(subject: Subject) -> None:
    before = current_kvno(Password(subject.service.principal, subject.service.password), [subject.name])
    new = subject.realm.change_password(subject.service)
    assert current_kvno(Password(subject.service.principal, new), [subject.name]) == before + 1
    with pytest.raises(CredentialError, match="refused the password") as caught:
        current_kvno(Password(subject.service.principal, subject.service.password), [subject.name])
    assert subject.service.password not in str(caught.value)


@pytest.mark.parametrize("enctype", [23, 3, 16, 99])
def test_weak_and_unknown_types_are_not_made(enctype: int) -> None:
    with pytest.raises(CredentialError, match="is not written"):
        keys_from_password(
            Password("svc@EXAMPLE.TEST", "x"), kvno=1, salt="EXAMPLE.TESTsvc", enctypes=[enctype]
        )


def test_from_a_keytab_only_what_is_worth_keeping(ad_subject: Subject) -> None:
    held = read_keytab(ad_subject.keytab)
    assert {entry.enctype for entry in held} == {18, 17, 23}
    account = ad_subject.service.name
    for name in (account, account.upper(), ad_subject.service.principal):
        assert {entry.enctype for entry in keys_from_keytab(ad_subject.keytab, name)} == {18, 17}
    with pytest.raises(CredentialError, match="no key of nobody"):
        keys_from_keytab(ad_subject.keytab, "nobody")
    weak = ad_subject.keytab.with_suffix(".weak")
    write_keytab(weak, [entry for entry in held if entry.enctype == 23])
    with pytest.raises(CredentialError, match="only weak keys"):
        keys_from_keytab(weak, account)


def test_a_realm_without_a_kdc_is_named(subject: Subject) -> None:
    assert subject.realm.name != "NOWHERE.TEST"
    with pytest.raises(MechanismError, match=r"NOWHERE\.TEST"):
        salt_from_kdc("svc@NOWHERE.TEST")
