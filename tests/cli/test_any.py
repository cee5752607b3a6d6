"""``serve --framing any``: one port for whichever framing a client begins with."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from ._process import Cli

SPN = "Echo/localhost"
FRAMINGS = ["nns", "winsock", "gss-sample"]
END = "--allow-unmarked-end"
"""As gss-sample has no other."""


def test_each_client_is_answered_in_its_own(cli: Cli, keytab: Path) -> None:
    with cli.serving("--keytab", keytab, "--echo", "--framing", "any", END) as server:
        for framing in FRAMINGS:
            done = cli("connect", server.place, "--spn", SPN, "--framing", framing, END, data=b"hello\n")
            assert (done.returncode, done.stdout, done.stderr) == (0, b"hello\n", b"")
        listening, *authenticated = server.stop()
    assert listening["framing"] == "any"
    assert [event["framing"] for event in authenticated] == FRAMINGS
    assert {(event["event"], event["mutual"], event["protection"]) for event in authenticated} == {
        ("authenticated", True, "seal")
    }


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (
            b"\x16\x03\x01\x02\x00\x01",
            "the client speaks TLS, not nns or gss-sample or gss-sample-v1 or winsock",
        ),
        (
            b"GET / HTTP/1.1\r\n\r\n",
            "the client speaks HTTP, not nns or gss-sample or gss-sample-v1 or winsock",
        ),
        (
            b"\x01\0\0\0\x0bGSS-SPNEGO",
            "the client does not speak nns or gss-sample or gss-sample-v1 or winsock",
        ),
    ],
    ids=["tls", "http", "sasl"],
)
def test_other_protocols_are_refused(cli: Cli, keytab: Path, start: bytes, reason: str) -> None:
    with cli.serving("--keytab", keytab, "--echo", "--framing", "any") as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
            client.sendall(start)
            refused = server.event(1)
            assert client.recv(100) == b""
    assert refused["event"] == "refused"
    assert reason in refused["reason"]


def test_a_dump_of_it_is_read_by_each_client_s_beginning(cli: Cli, keytab: Path, tmp_path: Path) -> None:
    dump = tmp_path / "dump"
    with cli.serving("--keytab", keytab, "--echo", "--framing", "any", END, "--dump", dump) as server:
        for framing in FRAMINGS:
            cli("connect", server.place, "--spn", SPN, "--framing", framing, END, data=b"hello\n")
    messages = [event for event in cli.events("decode", dump) if event["event"] == "message"]
    assert {event["connection"] for event in messages} == {"1", "2", "3"}
    first = {event["connection"]: event["title"] for event in reversed(messages)}
    assert first["1"].startswith("Handshake")
    assert not [event["title"] for event in messages if "cannot be read" in event["title"]]
    asked = [event["token"]["spn"] for event in messages if event["token"] and "spn" in event["token"]]
    assert asked == [SPN] * 3


def test_people_are_told_which_it_was(cli: Cli, keytab: Path) -> None:
    help_text = cli("serve", "--help").stdout.decode()
    assert "any: whichever of them but SASL" in " ".join(help_text.split())
    client = cli("connect", "localhost:1", "--spn", SPN, "--framing", "any")
    assert client.returncode == 2
    assert b"--framing: invalid choice: 'any'" in client.stderr
