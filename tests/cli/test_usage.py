"""Wrong usage: exit code 2, and nothing on stdout."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from asyncauth.cli import main

from ._process import COMMAND, ROOT, log_kept

SPN = "Echo/localhost"
POINT = ("--name", "x", "--parent", "DC=x", "--service-class", "Echo", "--host", "h", "--keyword", "k")


@pytest.fixture(autouse=True)
def log() -> Iterator[None]:
    """Let the log be as it was."""
    with log_kept():
        yield


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nonsense",),
        ("connect",),
        ("connect", "localhost"),
        ("connect", "localhost:0", "--spn", SPN),
        ("connect", "localhost:99999", "--spn", SPN),
        ("connect", "::1:99", "--spn", SPN),
        ("connect", "localhost:99"),
        ("connect", "localhost:99", "--spn", "no-spn"),
        ("connect", "localhost:99", "--spn", SPN, "--service-class", "Echo"),
        ("connect", "localhost:99", "--spn", SPN, "--mechanism", "ntlm"),
        ("connect", "localhost:99", "--spn", SPN, "--cache", "a", "--keytab", "b"),
        ("connect", "localhost:99", "--spn", SPN, "--password-file", "a"),
        ("connect", "localhost:99", "--spn", SPN, "--timeout", "0"),
        ("connect", "scp:x", "--spn", SPN),
        ("connect", "srv:nonsense"),
        ("connect", "scp:x", "--nameserver", "nonsense"),
        ("serve", "--listen", "localhost:0"),
        ("serve", "--listen", "localhost", "--echo"),
        ("serve", "--listen", "localhost:0", "--echo", "--forward", "localhost:1"),
        ("serve", "--listen", "localhost:0", "--echo", "--workers", "0"),
        ("serve", "--listen", "localhost:0", "--echo", "--mechanism", "ntlm"),
        ("serve", "--listen", "localhost:0", "--echo", "--mechanism", "ntlm", "--no-mutual", "--keytab", "x"),
        ("publish", "scp", "--name", "x"),
        ("publish", "scp", *POINT),
        ("publish", "scp", *POINT, "--port", "1", "--grant"),
        ("publish", "scp", *POINT, "--srv", "--account", "a"),
        ("publish", "rnr", "--name", "x", "--class-guid", "nonsense"),
        ("spn", "list"),
        ("realm", "--kind", "heimdal"),
        ("realm", "--service", "nonsense"),
    ],
    ids=" ".join,
)
def test_wrong_usage(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    try:
        code: object = main(arguments)
    except SystemExit as ended:
        code = ended.code
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert "asyncauth" in err


def test_wrong_usage_of_a_process() -> None:
    for arguments in ("connect", "localhost:99"), ("connect", "localhost"):
        done = subprocess.run([*COMMAND, *arguments], capture_output=True, cwd=ROOT, check=False)
        assert (done.returncode, done.stdout) == (2, b"")
        assert done.stderr
