"""What a keytab's file shows by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from asyncauth.keytabs import Finding, KeytabEntry, Secret, findings, read_keytab, write_keytab

from .conftest import Subject

A, B, C = (f"http/{letter}.example.test@EXAMPLE.TEST" for letter in "abc")


def entry(principal: str, kvno: int = 1, enctype: int = 18, key: bytes = b"k") -> KeytabEntry:
    return KeytabEntry(principal, kvno, enctype, Secret(key * 32))


def kinds(path: Path, *entries: KeytabEntry) -> dict[str, Finding]:
    return {finding.kind: finding for finding in findings(path, entries)}


@pytest.fixture
def private(tmp_path: Path) -> Path:
    path = tmp_path / "x.keytab"
    path.touch(0o600)
    return path


def test_nothing_is_wrong_with_one_service_on_its_account(private: Path) -> None:
    assert findings(private, [entry(A), entry("svc@EXAMPLE.TEST"), entry(A, enctype=17, key=b"l")]) == []


@pytest.mark.parametrize(
    ("mode", "wrong"),
    [(0o600, False), (0o400, False), (0o640, False), (0o644, True), (0o602, True), (0o660, True)],
)
def test_the_mode(private: Path, mode: int, wrong: bool) -> None:
    private.chmod(mode)
    found = kinds(private, entry(A))
    assert ("mode" in found) is wrong
    if wrong:
        assert f"{mode:04o}" in found["mode"].text
        assert str(private) in found["mode"].text


@pytest.mark.parametrize(("enctype", "name"), [(23, "rc4-hmac"), (3, "des-cbc-md5"), (16, "des3-cbc-sha1")])
def test_weak_types(private: Path, enctype: int, name: str) -> None:
    found = kinds(private, entry(A), entry(B, enctype=enctype, key=b"b"))
    assert name in found["weak"].text
    assert found["weak"].principals == (B,)


def test_services_on_one_key_are_named_once(private: Path) -> None:
    entries = [entry(name, kvno, enctype) for kvno in (1, 2) for enctype in (18, 17) for name in (A, B)]
    shared = [
        finding for finding in findings(private, [*entries, entry(C, key=b"c")]) if finding.kind == "shared"
    ]
    assert [finding.principals for finding in shared] == [(A, B)]
    assert "can pass for the others" in shared[0].text


def test_the_same_bytes_in_another_type_are_another_key(private: Path) -> None:
    assert kinds(private, entry(A), entry(B, enctype=20)) == {}


def test_old_versions(private: Path) -> None:
    found = kinds(private, entry(A, 3), entry(A, 5, key=b"n"), entry(A, 4, key=b"o"), entry(B, key=b"b"))
    assert found["old"].principals == (A,)
    assert "has version 5, and 4, 3 from before" in found["old"].text


def test_no_finding_shows_a_key(private: Path) -> None:
    private.chmod(0o644)
    text = repr(findings(private, [entry(A), entry(A, 2, 23), entry(B)]))
    assert "kkkk" not in text
    assert (b"k" * 32).hex() not in text


def test_the_realms_own_export_of_two_spns(ad_subject: Subject, tmp_path: Path) -> None:
    """Samba's own export, RC4 key included; and the account's name is not one of the services."""
    second = ad_subject.spn.replace("Keyed", "Second")
    ad_subject.realm.add_spn(ad_subject.service, second)
    path = ad_subject.realm.keytab(ad_subject.service.name, tmp_path / "all.keytab")
    found = kinds(path, *read_keytab(path))
    assert found["shared"].principals == (ad_subject.principal, f"{second}@EXAMPLE.TEST")
    assert found["weak"].principals == (ad_subject.service.principal,)
    strong = [
        each
        for each in read_keytab(path)
        if each.enctype != 23 and each.principal != f"{second}@EXAMPLE.TEST"
    ]
    write_keytab(tmp_path / "good.keytab", strong)
    assert findings(tmp_path / "good.keytab", strong) == []
