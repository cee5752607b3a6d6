"""``asyncauth keytab`` as people and programs use it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from asyncauth.keytabs import keys_from_keytab, read_keytab, write_keytab
from asyncauth.testing import SambaRealm

from ..cli._process import Cli, Inside, environment
from .conftest import Subject


@pytest.fixture
def command(subject: Subject) -> Inside:
    """The command line in this process, as alice."""
    return Inside(subject.realm.env)


@pytest.fixture
def password_file(subject: Subject, tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text(f"{subject.service.password}\nsecond line\n")
    return path


def test_list(subject: Subject, command: Inside) -> None:
    events = command.events("keytab", "list", subject.keytab)
    entries = [event for event in events if event["event"] == "entry"]
    assert [(event["principal"], event["kvno"]) for event in entries] == [
        (entry.principal, entry.kvno) for entry in read_keytab(subject.keytab)
    ]
    assert {"aes256-cts-hmac-sha1-96", "aes128-cts-hmac-sha1-96"} <= {event["enctype"] for event in entries}
    warned = {event["kind"] for event in events if event["event"] == "warning"}
    assert warned == ({"weak"} if subject.realm.kind == "ad" else set())
    assert all(event["written"].startswith("20") for event in entries)


def test_a_keytab_may_be_called_as_the_environment_calls_it(
    subject: Subject, command: Inside, tmp_path: Path
) -> None:
    plain, prefixed = (command("keytab", "list", f"{prefix}{subject.keytab}") for prefix in ("", "FILE:"))
    assert (plain.returncode, plain.stdout) == (0, prefixed.stdout)
    arguments = (
        "--spn",
        subject.spn,
        "--from-keytab",
        f"FILE:{subject.keytab}",
        "--account",
        subject.service.name,
    )
    command.events("keytab", "write", f"FILE:{tmp_path / 'spn.keytab'}", *arguments)
    assert read_keytab(tmp_path / "spn.keytab")


def test_list_for_people_shows_no_key(subject: Subject, command: Inside) -> None:
    subject.keytab.chmod(0o644)
    done = command("keytab", "list", subject.keytab)
    text = done.stdout.decode()
    assert subject.principal in text
    assert "mode 0644" in text
    assert all(entry.key.reveal().hex() not in text for entry in read_keytab(subject.keytab))
    subject.keytab.chmod(0o600)


def test_write_from_a_keytab_and_check(subject: Subject, command: Inside, tmp_path: Path) -> None:
    path = tmp_path / "spn.keytab"
    arguments = ("--spn", subject.spn, "--from-keytab", subject.keytab, "--account", subject.service.name)
    events = command.events("keytab", "write", path, *arguments)
    assert events[-1] == {"event": "written", "file": str(path), "entries": 2}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (key,) = command.events(
        "keytab", "check", path, "--kdc", "--spn", subject.spn, "--cache", subject.realm.ticket("alice")
    )
    assert (key["outcome"], key["good"], key["principal"]) == ("current", True, subject.principal)


def test_write_from_a_password_asks_the_kdc_for_version_and_salt(
    subject: Subject, command: Inside, tmp_path: Path, password_file: Path
) -> None:
    path = tmp_path / "spn.keytab"
    account = ("--account", subject.service.principal, "--password-file", password_file, "--with-account")
    events = command.events("keytab", "write", path, "--spn", subject.spn, *account)
    assert events[0]["source"] == "kdc"
    expected = keys_from_keytab(subject.keytab, subject.service.name)
    assert {(entry.name, entry.kvno, entry.enctype, entry.key) for entry in read_keytab(path)} == {
        (name, key.kvno, key.enctype, key.key)
        for key in expected
        for name in (subject.spn, subject.service.name)
    }
    assert {event["good"] for event in command.events("keytab", "check", path, "--kdc")} == {True}


def test_the_password_comes_on_stdin_and_is_seen_nowhere(subject: Subject, tmp_path: Path) -> None:
    cli = Cli(environment(**subject.realm.env))
    path = tmp_path / "spn.keytab"
    given = ("--account", subject.service.principal, "--password-file", "-", "--kvno", "1")
    for more in ((), ("--salt", "WRONG"), ("--default-salt",)):
        line = f"{subject.service.password}\n".encode()
        done = cli("keytab", "write", path, "--spn", subject.spn, *given, *more, data=line)
        assert done.returncode == 0, done.stderr
        assert subject.service.password.encode() not in done.stdout + done.stderr
    reason, _ = cli.fails("keytab", "write", path, "--spn", subject.spn, *given[:-2], data=b"Zz9.not-it\n")
    assert "the KDC refused the password" in reason
    assert "Zz9.not-it" not in reason


def test_a_computers_default_salt(ad_realm: SambaRealm, ad_subject: Subject, tmp_path: Path) -> None:
    computer = ad_realm.add_computer("SALTED2")
    password = tmp_path / "password"
    password.write_text(computer.password)
    inside = Inside(ad_realm.env)
    path = tmp_path / "host.keytab"
    given = ("--account", "SALTED2$", "--realm", "EXAMPLE.TEST", "--password-file", password)
    inside.events("keytab", "write", path, "--spn", "host/salted2.example.test", *given, "--default-salt")
    (key,) = inside.events("keytab", "check", path, "--kdc", "--cache", ad_realm.ticket("alice"))
    assert key["good"]
    assert ad_subject.realm is ad_realm


def test_a_rotation_keeps_the_old_version(
    subject: Subject, command: Inside, tmp_path: Path, password_file: Path
) -> None:
    path = tmp_path / "spn.keytab"
    account = ("--account", subject.service.principal, "--password-file", password_file)
    write = ("keytab", "write", path, "--spn", subject.spn, *account)
    command.events(*write)
    password_file.write_text(subject.realm.change_password(subject.service))
    check = ("keytab", "check", path, "--kdc", "--cache", subject.realm.ticket("alice"))
    reason, fix = command.fails(*check)
    assert "(old: 1)" in reason
    assert fix
    command.events(*write)
    assert len({entry.kvno for entry in read_keytab(path)}) == 2
    assert command.events(*check)[0]["outcome"] == "current"
    warned = [event for event in command.events("keytab", "list", path) if event["event"] == "warning"]
    assert [event["kind"] for event in warned] == ["old"]


def test_check_without_the_kdc_looks_at_the_file_only(
    subject: Subject, command: Inside, tmp_path: Path
) -> None:
    path = tmp_path / "spn.keytab"
    write_keytab(path, keys_from_keytab(subject.keytab, subject.service.name))
    assert command("keytab", "check", path).returncode == 0
    reason, fix = command.fails("keytab", "check", path, "--spn", subject.spn)
    assert f"has no entry for {subject.spn}" in reason
    assert "asyncauth keytab write" in fix
    path.chmod(0o604)
    reason, fix = command.fails("keytab", "check", path)
    assert "not private" in reason


@pytest.mark.parametrize(
    "arguments",
    [
        ("write", "F", "--spn", "a/b", "--account", "x"),
        ("write", "F", "--account", "x", "--password-file", "-"),
        ("write", "F", "--spn", "a/b", "--account", "x", "--password-file", "-", "--from-keytab", "G"),
        ("write", "F", "--spn", "a/b", "--account", "x", "--password-file", "-", "--enctype", "rc4-hmac"),
        ("write", "F", "--spn", "a/b", "--account", "x", "--password-file", "-", "--kvno", "0"),
        ("write", "F", "--spn", "a/b", "--account", "x@A", "--realm", "B", "--password-file", "-"),
        ("write", "F", "--spn", "a/b", "--account", "x", "--from-keytab", "G", "--kvno", "1"),
        (
            "write",
            "F",
            "--spn",
            "a/b",
            "--account",
            "x@A",
            "--password-file",
            "-",
            "--salt",
            "s",
            "--default-salt",
        ),
        ("check", "F", "--spn", "none"),
        ("look", "F"),
    ],
)
def test_wrong_usage(subject: Subject, arguments: tuple[str, ...]) -> None:
    done = Cli(environment(**subject.realm.env))("keytab", *arguments)
    assert done.returncode == 2
    assert done.stdout == b""
