"""The files themselves: what MIT's tools make of them, merging, atomicity, modes."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from asyncauth import CredentialError, MechanismUnavailable
from asyncauth.keytabs import (
    KeytabEntry,
    Secret,
    _file,
    keys_from_keytab,
    keys_from_password,
    read_keytab,
    write_keytab,
)
from asyncauth.mechanisms import Password

from .conftest import Subject

Klist = Callable[[Path], list[tuple[int, str, str]]]


def entry(
    principal: str = "http/a@EXAMPLE.TEST", kvno: int = 1, enctype: int = 18, key: bytes = b"k"
) -> KeytabEntry:
    return KeytabEntry(principal, kvno, enctype, Secret(key * (32 if enctype == 18 else 16)))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_klist_sees_the_same(subject: Subject, klist: Klist, tmp_path: Path) -> None:
    path = tmp_path / "out.keytab"
    source = Password(subject.service.principal, subject.service.password)
    keys = keys_from_password(source, kvno=7, salt=None)
    write_keytab(path, [key.renamed(name) for name in (subject.principal, source.principal) for key in keys])
    expected = [
        (7, name, key.key.reveal().hex()) for name in (subject.principal, source.principal) for key in keys
    ]
    assert klist(path) == expected


def test_klist_and_we_read_the_realms_own_keytab_alike(subject: Subject, klist: Klist) -> None:
    ours = [(each.kvno, each.principal, each.key.reveal().hex()) for each in read_keytab(subject.keytab)]
    assert ours == klist(subject.keytab)


def test_kinit_logs_in_with_what_was_written(subject: Subject, tmp_path: Path) -> None:
    path, cache = tmp_path / "out.keytab", tmp_path / "cache"
    source = Password(subject.service.principal, subject.service.password)
    write_keytab(path, keys_from_password(source, kvno=1, salt=None))
    subject.mit("kinit", "-c", cache, "-k", "-t", path, source.principal)
    assert f"Default principal: {source.principal}" in subject.mit("klist", "-c", cache)
    subject.mit("kvno", "-c", cache, subject.principal)


def test_kvno_opens_a_ticket_with_what_was_written(subject: Subject, tmp_path: Path) -> None:
    """MIT's kvno decrypts the service's ticket with the keytab that it is given."""
    path = tmp_path / "out.keytab"
    keys = keys_from_keytab(subject.keytab, subject.service.name)
    write_keytab(path, [key.renamed(subject.principal) for key in keys])
    cache = subject.realm.ticket("alice")
    assert "keytab entry valid" in subject.mit("kvno", "-c", cache, "-k", path, subject.principal)


@pytest.mark.parametrize("spn", [
    "ADSockAuth/app1.example.test/CN=SockAuthAD,CN=APP1,CN=Computers,DC=example,DC=test",
    "http/app1.example.test:8443",
])  # fmt: skip
def test_names_of_every_form(spn: str, tmp_path: Path) -> None:
    from asyncauth import ServicePrincipalName

    path = tmp_path / "out.keytab"
    principal = ServicePrincipalName.parse(spn).principal("EXAMPLE.TEST")
    write_keytab(path, [entry(principal)])
    (read,) = read_keytab(path)
    assert read == entry(principal)
    assert read.is_service
    assert read.realm == "EXAMPLE.TEST"


def test_old_versions_stay_and_the_same_one_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "out.keytab"
    write_keytab(path, [entry(kvno=1), entry(kvno=1, enctype=17), entry("host/b@EXAMPLE.TEST")])
    write_keytab(path, [entry(kvno=2, key=b"n"), entry(kvno=1, key=b"r")])
    assert set(read_keytab(path)) == {
        entry(kvno=1, key=b"r"),
        entry(kvno=1, enctype=17),
        entry("host/b@EXAMPLE.TEST"),
        entry(kvno=2, key=b"n"),
    }


def test_versions_above_255_do_not_displace_those_of_the_same_low_byte(tmp_path: Path) -> None:
    path = tmp_path / "out.keytab"
    write_keytab(path, [entry(kvno=2)])
    write_keytab(path, [entry(kvno=258, key=b"n")])
    assert sorted(each.kvno for each in read_keytab(path)) == [2, 258]


def test_a_new_file_is_private_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "out.keytab"
    before = os.umask(0)
    try:
        write_keytab(path, [entry()])
    finally:
        os.umask(before)
    assert mode(path) == 0o600


@pytest.mark.parametrize(
    ("before", "after"), [(0o600, 0o600), (0o644, 0o640), (0o666, 0o640), (0o400, 0o600)]
)
def test_a_file_that_is_there_keeps_its_group_and_no_more(tmp_path: Path, before: int, after: int) -> None:
    path = tmp_path / "out.keytab"
    write_keytab(path, [entry()])
    path.chmod(before)
    if os.geteuid() == 0:
        os.chown(path, 12, 34)
    write_keytab(path, [entry(kvno=2)])
    assert mode(path) == after
    if os.geteuid() == 0:
        assert (path.stat().st_uid, path.stat().st_gid) == (12, 34)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.keytab", tmp_path / "link.keytab"
    write_keytab(real, [entry()])
    link.symlink_to(real)
    write_keytab(link, [entry(kvno=2)])
    assert link.is_symlink()
    assert len(read_keytab(real)) == 2


def test_whoever_reads_meanwhile_sees_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "out.keytab"
    write_keytab(path, [entry(kvno=1)])
    with path.open("rb") as held:
        before = held.read()
        write_keytab(path, [entry(kvno=2)])
        held.seek(0)
        assert held.read() == before


@pytest.mark.parametrize("fault", ["add", "disk"])
def test_a_write_that_fails_changes_nothing_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    path = tmp_path / "out.keytab"
    write_keytab(path, [entry()])
    before = path.read_bytes()
    if fault == "disk":

        def full(path: Path) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(_file, "_to_disk", full)
    bad = entry() if fault == "disk" else entry("a/b@c@d@e")
    with pytest.raises(CredentialError, match=r"out\.keytab"):
        write_keytab(path, [entry(kvno=2), bad])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", [b"", b"\5", b"not a keytab at all", b"\5\2\0\0\0\x50abc"])
def test_what_is_no_keytab_is_not_overwritten(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "out.keytab"
    path.write_bytes(content)
    if content.startswith(b"\5\2"):
        assert read_keytab(path) == []  # as MIT sees it: nothing that is whole
        return
    with pytest.raises(CredentialError, match=r"out\.keytab"):
        read_keytab(path)
    with pytest.raises(CredentialError, match=r"out\.keytab"):
        write_keytab(path, [entry()])
    assert path.read_bytes() == content


@pytest.mark.parametrize("path", ["/nonexistent/out.keytab", "/proc/out.keytab"])
def test_where_nothing_can_be_written(path: str) -> None:
    with pytest.raises(CredentialError, match=path):
        write_keytab(path, [entry()])
    with pytest.raises(CredentialError, match=path):
        read_keytab(path)


def test_without_the_package_one_is_told_what_to_install() -> None:
    script = """
import sys
sys.modules["krb5"] = None
from asyncauth import MechanismUnavailable
from asyncauth.keytabs import read_keytab
try:
    read_keytab("x")
except MechanismUnavailable as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "install asyncauth[kerberos]" in done.stdout
    assert issubclass(MechanismUnavailable, Exception)
