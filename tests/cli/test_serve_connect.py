"""``serve`` and ``connect`` as two processes."""

from __future__ import annotations

import os
import pty
import subprocess
import time
from pathlib import Path

import pytest

from asyncauth.testing import SambaRealm, Service

from ._process import COMMAND, PATIENCE, ROOT, Cli, parsed

SPN = "Echo/localhost"
FRAMINGS = ["nns", "winsock", "sasl"]
MEGABYTES = 30


@pytest.mark.parametrize("framing", FRAMINGS)
def test_two_processes_authenticate_each_other(cli: Cli, keytab: Path, framing: str) -> None:
    with cli.serving("--keytab", keytab, "--echo", "--framing", framing) as server:
        done = cli("connect", server.place, "--spn", SPN, "--framing", framing, data=b"hello\n")
        assert (done.returncode, done.stdout, done.stderr) == (0, b"hello\n", b"")
        listening, authenticated = server.stop()
    assert listening == {"event": "listening", "host": "127.0.0.1", "port": server.port, "framing": framing}
    address = authenticated.pop("address")
    assert address.startswith("127.0.0.1:")
    assert authenticated == {
        "event": "authenticated",
        "peer": "alice@EXAMPLE.TEST",
        "mechanism": "kerberos",
        "protection": "seal",
        "mutual": True,
        "framing": framing,
        "spn": SPN,
        "spn_proven": True,
    }


@pytest.mark.parametrize("mechanism", ["kerberos", "negotiate"])
def test_the_clients_status_is_on_stderr(cli: Cli, keytab: Path, mechanism: str) -> None:
    with cli.serving("--keytab", keytab, "--spn", SPN, "--echo", "--mechanism", mechanism) as server:
        done = cli("connect", server.place, "--spn", SPN, "--mechanism", mechanism, "--json", data=b"hello")
        assert server.event(1)["spn"] == SPN
    assert done.stdout == b"hello"
    authenticated, ended = parsed(done.stderr)
    assert authenticated["mechanism"] == "kerberos"
    assert (authenticated["peer"], authenticated["spn"], authenticated["mutual"]) == (SPN, SPN, True)
    assert ended == {"event": "ended", "sent": 5, "received": 5}


@pytest.mark.parametrize("framing", FRAMINGS)
def test_much_data_both_ways_at_once(cli: Cli, keytab: Path, framing: str) -> None:
    data = os.urandom(1 << 20) * MEGABYTES
    with cli.serving("--keytab", keytab, "--echo", "--framing", framing) as server:
        done = cli("connect", server.place, "--spn", SPN, "--framing", framing, data=data)
    assert done.returncode == 0
    assert done.stdout == data


def test_files_for_stdin_and_stdout(cli: Cli, keytab: Path, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"from a file" * 100_000)
    with (
        cli.serving("--keytab", keytab, "--echo") as server,
        (tmp_path / "in").open("rb") as source,
        (tmp_path / "out").open("wb") as sink,
    ):
        command = [*COMMAND, "connect", server.place, "--spn", SPN]
        subprocess.run(command, stdin=source, stdout=sink, env=dict(cli.env), cwd=ROOT, check=True)
    assert (tmp_path / "out").read_bytes() == (tmp_path / "in").read_bytes()


def test_a_terminal_for_stdin(cli: Cli, keytab: Path) -> None:
    ours, theirs = pty.openpty()
    with cli.serving("--keytab", keytab, "--echo") as server:
        command = [*COMMAND, "connect", server.place, "--spn", SPN]
        with subprocess.Popen(
            command, stdin=theirs, stdout=subprocess.PIPE, env=dict(cli.env), cwd=ROOT
        ) as client:
            os.close(theirs)
            os.write(ours, b"typed\n")
            assert client.stdout is not None
            assert client.stdout.readline() == b"typed\n"
            os.write(ours, b"\x04")
            assert client.wait(PATIENCE) == 0
    os.close(ours)


def test_a_stdin_that_is_closed(cli: Cli, keytab: Path) -> None:
    with cli.serving("--keytab", keytab, "--echo") as server:
        command = ["sh", "-c", '"$@" <&-', "-", *COMMAND, "connect", server.place, "--spn", SPN]
        done = subprocess.run(command, env=dict(cli.env), cwd=ROOT, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_reader_that_goes_away_ends_it(cli: Cli, keytab: Path) -> None:
    with cli.serving("--keytab", keytab, "--echo") as server:
        client = subprocess.Popen(
            [*COMMAND, "connect", server.place, "--spn", SPN],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(cli.env),
            cwd=ROOT,
        )
        assert client.stdin is not None
        assert client.stdout is not None
        assert client.stderr is not None
        client.stdout.close()
        with client.stdin, client.stderr:
            client.stdin.write(b"nobody reads this")
            client.stdin.flush()
            assert client.wait(PATIENCE) == 1
            assert b"Traceback" not in client.stderr.read()


@pytest.mark.parametrize(
    ("patterns", "may"),
    [
        (("alice@EXAMPLE.TEST",), True),
        (("*@OTHER.TEST", "*@EXAMPLE.TEST"), True),
        (("bob@EXAMPLE.TEST",), False),
        (("Alice@EXAMPLE.TEST",), False),
    ],
)
def test_only_who_is_allowed(cli: Cli, keytab: Path, patterns: tuple[str, ...], may: bool) -> None:
    allow = [option for pattern in patterns for option in ("--allow", pattern)]
    with cli.serving("--keytab", keytab, "--echo", *allow) as server:
        done = cli("connect", server.place, "--spn", SPN, data=b"hello")
        event = server.event(1)
    assert (done.returncode, done.stdout) == ((0, b"hello") if may else (1, b""))
    assert event["event"] == ("authenticated" if may else "refused")
    assert event["peer"] == "alice@EXAMPLE.TEST"
    assert may or event["reason"] == "alice@EXAMPLE.TEST is not allowed"


def test_several_workers_on_one_port(cli: Cli, keytab: Path) -> None:
    with cli.serving("--keytab", keytab, "--echo", "--workers", "2") as server:
        for _ in range(3):
            assert cli("connect", server.place, "--spn", SPN, data=b"hello").stdout == b"hello"
        first, *others = server.stop()
    assert first["event"] == "listening"
    assert [other["peer"] for other in others] == ["alice@EXAMPLE.TEST"] * 3


def test_a_worker_that_dies_is_replaced(cli: Cli, keytab: Path) -> None:
    with cli.serving("--keytab", keytab, "--echo", "--workers", "2") as server:
        (children,) = Path("/proc", str(server.process.pid), "task").glob("*/children")
        before = children.read_text().split()
        os.kill(int(before[0]), 9)
        deadline = time.monotonic() + PATIENCE
        while before[0] in (now := children.read_text().split()) or len(now) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert cli("connect", server.place, "--spn", SPN, data=b"hello").stdout == b"hello"
        assert "another is started" in server.log


def test_without_a_key_no_worker_starts(cli: Cli) -> None:
    arguments = ("--listen", "127.0.0.1:0", "--echo", "--workers", "3", "--keytab", "/nonexistent")
    reason, _ = cli.fails("serve", *arguments)
    assert "the keytab /nonexistent" in reason


@pytest.mark.parametrize("credential", ["keytab", "password", "cache"])
def test_every_kind_of_credential(
    cli: Cli, ad_realm: SambaRealm, service: Service, tmp_path: Path, credential: str
) -> None:
    (tmp_path / "password").write_text(ad_realm.users["bob"].password + "\n")
    options: dict[str, tuple[str | Path, ...]] = {
        "keytab": ("--keytab", service.keytab, "--principal", service.principal),
        "password": ("--principal", "bob@EXAMPLE.TEST", "--password-file", tmp_path / "password"),
        "cache": ("--cache", ad_realm.ticket("bob")),
    }
    with cli.serving("--keytab", service.keytab, "--echo") as server:
        done = cli(
            "connect", server.place, "--spn", SPN, *options[credential], data=b"hello", KRB5CCNAME="FILE:/-"
        )
        assert done.stdout == b"hello", done.stderr
        peer = server.event(1)["peer"]
    assert peer == (service.principal if credential == "keytab" else "bob@EXAMPLE.TEST")


def test_sigint_ends_a_server_cleanly(cli: Cli, keytab: Path) -> None:
    with cli.serving("--keytab", keytab, "--echo") as server:
        server.stop(2)
        assert server.log == ""


def test_what_people_see(cli: Cli, keytab: Path) -> None:
    command = [*COMMAND, "serve", "--listen", "127.0.0.1:0", "--keytab", str(keytab), "--echo"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=dict(cli.env), cwd=ROOT, text=True) as server:
        assert server.stdout is not None
        listening = server.stdout.readline()
        place = listening.split()[2].rstrip(",")
        assert cli("connect", place, "--spn", SPN).returncode == 0
        authenticated = server.stdout.readline()
        server.terminate()
        rest = server.stdout.read()
    assert listening == (
        f"listening on {place}, echoing; framing nns, mechanism negotiate, protection seal\n"
    )
    assert authenticated.startswith("alice@EXAMPLE.TEST from 127.0.0.1:")
    assert authenticated.endswith(": kerberos, mutual, seal\n")
    assert (rest, server.returncode) == ("stopped\n", 0)
