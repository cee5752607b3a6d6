"""What needs no realm: SPNs on paper, targets, options, output."""

from __future__ import annotations

import argparse
import io
import json
import logging
import os
import pty
import subprocess
import sys
from collections.abc import Iterator

import pytest

from asyncauth import AsyncAuthError
from asyncauth.cli import main
from asyncauth.cli._demo_wire import _beginning, hexed
from asyncauth.cli._options import Endpoint, endpoint, guid, seconds
from asyncauth.cli._output import Output, log_to_stderr, printable
from asyncauth.cli._target import Sought, target

from ._process import COMMAND, ROOT, environment, log_kept

SPN = "Echo/localhost"
DN = "CN=SockAuthAD,CN=APP1,CN=Computers,DC=example,DC=test"


@pytest.fixture(autouse=True)
def log() -> Iterator[None]:
    """Let the log be as it was."""
    with log_kept():
        yield


def test_parse(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spn", "parse", "--json", f"ADSockAuth/app1.example.test:2001/{DN}"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "event": "spn",
        "spn": f"ADSockAuth/app1.example.test:2001/{DN}",
        "service_class": "ADSockAuth",
        "host": "app1.example.test",
        "port": 2001,
        "instance": None,
        "service_name": DN,
        "principal": f"ADSockAuth/app1.example.test:2001/{DN}@",
    }


def test_parse_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spn", "parse", "http/app1"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "http/app1",
        "  service class  http",
        "  host           app1",
        "  principal      http/app1@",
    ]


@pytest.mark.parametrize(
    ("arguments", "spn"),
    [
        (("http", "app1"), "http/app1"),
        (("http", "app1", "--port", "80"), "http/app1:80"),
        (("MSSQLSvc", "db", "--instance", "one"), "MSSQLSvc/db:one"),
        (("ADSockAuth", "app1.example.test", "--service-name", DN), f"ADSockAuth/app1.example.test/{DN}"),
    ],
)
def test_make(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], spn: str) -> None:
    assert main(["spn", "make", *arguments]) == 0
    assert capsys.readouterr().out == f"{spn}\n"


@pytest.mark.parametrize("text", ["http", "http/", "a/b/c/d", "http/h:99999"])
def test_no_spn(capsys: pytest.CaptureFixture[str], text: str) -> None:
    assert main(["spn", "parse", text]) == 1
    reason, fix = capsys.readouterr().err.splitlines()
    assert reason.startswith("asyncauth: ")
    assert text in reason
    assert fix.startswith("  ")


def test_no_spn_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spn", "parse", "--json", "http"]) == 1
    failed = json.loads(capsys.readouterr().out)
    assert (failed["event"], failed["error"]) == ("failed", "InvalidName")


def test_paper_work_loads_no_libraries() -> None:
    script = (
        "import sys; from asyncauth.cli import main; code = main(['spn', 'parse', 'a/b']);"
        "print(sorted({'ldap3', 'gssapi', 'krb5', 'dns', 'spnego', 'asyncauth.testing'} & set(sys.modules)), code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.splitlines()[-1] == "[] 0"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("localhost:99", Endpoint("localhost", 99)),
        ("[::1]:99", Endpoint("::1", 99)),
        ("[scp]:99", Endpoint("scp", 99)),
        ("scp:99", Sought("scp", "99")),
        (
            "scp:{7e9cf2ab-3c21-4ae1-a1cb-1d2b8c1d9b6e}",
            Sought("scp", "{7e9cf2ab-3c21-4ae1-a1cb-1d2b8c1d9b6e}"),
        ),
        ("rnr:A service", Sought("rnr", "A service")),
        ("srv:_ldap._tcp.example.test.", Sought("srv", "ldap", "example.test")),
    ],
)
def test_targets(text: str, meant: Endpoint | Sought) -> None:
    assert target(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "scp:",
        "rnr:",
        "srv:",
        "srv:_a._udp.b",
        "h",
        "h:",
        "h:0",
        ":1",
        "*:1",
        "h:x",
        "h:99999",
        "::1:9",
        "h:٣",
    ],
)
def test_no_targets(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        target(text)


def test_addresses_to_listen_on() -> None:
    assert endpoint(":9") == endpoint("*:9") == Endpoint("", 9)
    assert str(endpoint("*:9")) == "*:9"
    assert str(endpoint("[::1]:0")) == "[::1]:0"


@pytest.mark.parametrize("text", ["", "-1", "0", "nan", "inf", "x"])
def test_no_seconds(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        seconds(text)


def test_guids_with_and_without_braces() -> None:
    assert guid("{7e9cf2ab-3c21-4ae1-a1cb-1d2b8c1d9b6e}") == guid("7E9CF2AB-3C21-4AE1-A1CB-1D2B8C1D9B6E")
    with pytest.raises(argparse.ArgumentTypeError):
        guid("nonsense")


def test_no_terminal_is_told_what_to_do() -> None:
    assert printable("a\x1b[2Jb\nc\u202ed\x9b") == "a\\x1b[2Jb\\nc\\u202ed\\x9b"
    assert printable("Zürich, 東京") == "Zürich, 東京"
    stream = io.StringIO()
    Output(stream, json=False).rows(
        {"name": "evil\x1b]0;x\x07", "none": None, "several": ["a", "b"], "empty": []}
    )
    assert stream.getvalue() == (
        "  name     evil\\x1b]0;x\\x07\n  none     -\n  several  a\n           b\n  empty    -\n"
    )


def test_json_is_one_object_per_line_and_nothing_else() -> None:
    stream = io.StringIO()
    output = Output(stream, json=True)
    output.line("for people")
    output.rows({"for": "people"})
    with output.progress() as tell:
        tell("for people")
    output.event("it", "for people", name="a\nb", where=ROOT)
    assert json.loads(stream.getvalue()) == {"event": "it", "name": "a\nb", "where": str(ROOT)}
    assert stream.getvalue().count("\n") == 1


def test_what_to_do_is_said_in_options(capsys: pytest.CaptureFixture[str]) -> None:
    error = AsyncAuthError("it failed", fix="pass host=, or set allow_unmarked_end; raise handshake_timeout")
    Output(io.StringIO(), json=False).failed(error)
    assert capsys.readouterr().err.splitlines()[1] == (
        "  pass --dc, or set --allow-unmarked-end; raise --timeout"
    )


def test_logs_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr(0)
    logging.getLogger("asyncauth.discovery").warning("left out: %s", "\x1b[2J")
    logging.getLogger("asyncauth.discovery").info("not said")
    log_to_stderr(1)
    logging.getLogger("asyncauth.discovery").info("said")
    out, err = capsys.readouterr()
    first, second = err.splitlines()
    assert (out, first) == ("", "asyncauth: left out: \\x1b[2J")
    assert second.endswith("INFO asyncauth.discovery: said")


def test_colour_is_for_terminals_only() -> None:
    done = subprocess.run(
        [*COMMAND, "spn", "parse", "a/b"],
        capture_output=True,
        cwd=ROOT,
        env=environment(FORCE_COLOR="1"),
        check=True,
    )
    assert b"\x1b" not in done.stdout


def test_colour_on_a_terminal() -> None:
    ours, theirs = pty.openpty()
    env = environment(TERM="xterm-256color", COLUMNS="20")
    subprocess.run([*COMMAND, "spn", "parse", f"a/b/{DN}"], stdout=theirs, cwd=ROOT, env=env, check=True)
    os.close(theirs)
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    assert shown.startswith(f"\x1b[1ma/b/{DN}\x1b[0m\r\n  service class  a\r\n")


def test_what_to_install_is_said() -> None:
    script = (
        "import sys\nfor name in ('gssapi', 'krb5', 'dns', 'rich'): sys.modules[name] = None\n"
        "from asyncauth.cli import main; sys.exit(main())"
    )
    for arguments in (
        ("serve", "--listen", "127.0.0.1:0", "--echo", "--spn", SPN),
        ("locate", "srv:_x._tcp.example.test"),
        ("realm", "--kind", "mit"),
    ):
        command = [sys.executable, "-c", script, *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=ROOT, env=environment(), check=False
        )
        assert (done.returncode, done.stdout) == (1, "")
        reason, fix = done.stderr.splitlines()
        assert "need" in reason
        assert "install" in fix


def test_without_rich_it_is_the_same_text() -> None:
    script = (
        "import sys; sys.modules['rich'] = None; sys.modules['rich.console'] = None; import os, pty;"
        "sys.stdout.isatty = lambda: True; from asyncauth.cli import main; sys.exit(main(['spn', 'parse', 'a/b']))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, cwd=ROOT, check=True)
    assert done.stdout == b"a/b\n  service class  a\n  host           b\n  principal      a/b@\n"


def test_stdout_that_is_closed() -> None:
    command = ["sh", "-c", '"$@" >&- 2>&-', "-", *COMMAND, "spn", "parse", "a/b"]
    assert subprocess.run(command, check=False, cwd=ROOT).returncode == 0


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    for option in ("--version", "--help"):
        with pytest.raises(SystemExit) as ended:
            main([option])
        assert ended.value.code == 0
    out = capsys.readouterr().out
    assert out.startswith("asyncauth 0.")
    for command in ("demo", "realm", "serve", "connect", "publish", "withdraw", "locate", "spn"):
        assert command in out


@pytest.mark.parametrize(
    ("token", "what", "shown"),
    [
        ("60820505 06062b0601050502 a0", "SPNEGO NegTokenInit", "60 82 05 05 06 06 2b 06 01 05 05 02"),
        ("6040 06092a864886f712010202 01", "Kerberos token", "60 40 06 09 2a 86 48 86 f7 12 01 02 02"),
        ("a181b7 3081", "SPNEGO NegTokenResp", "a1 81 b7"),
        ("4e544c4d53535000", "other", "4e"),
        ("60820505 06022a03 ffff", "other", "60"),
        ("60", "no token", ""),
    ],
)
def test_only_the_harmless_beginning_of_a_token_is_shown(token: str, what: str, shown: str) -> None:
    kind, head = _beginning(bytes.fromhex(token))
    assert (kind, hexed(head)) == (what, shown)
