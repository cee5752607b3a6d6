"""``asyncauth explain``, and what the other commands say with --verbose."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from asyncauth import AsyncAuthError, CredentialError
from asyncauth.cli import main
from asyncauth.cli._output import Output
from asyncauth.failures import FAILURES, failure

from ..cli._process import COMMAND, ROOT, environment, log_kept

UNKNOWN = "KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN"


@pytest.fixture(autouse=True)
def log() -> Iterator[None]:
    """Let the log be as it was."""
    with log_kept():
        yield


def events(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "-1765328340"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [
        "KRB5KRB_AP_ERR_BADKEYVER  -1765328340, 0x96c73a2c, 2529638956, in the protocol 44",
        "  'Key version is not available'",
    ]
    titles = [line for line in lines if line[:1].isdigit()]
    assert titles == [f"{number}. {failure(number).title}" for number in (12, 14, 20)]
    assert {line[:7] for line in lines if line[:3] == "  n" or line.startswith("  f")} == {
        "  next ",
        "  never",
        "  first",
    }
    assert all(len(line) <= 110 for line in lines)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0x8007052e", "ERROR_LOGON_FAILURE  1326, 0x8007052e"),
        ("0x80090303", "SEC_E_TARGET_UNKNOWN  0x80090303, 2148074243, -2146893053"),
        ("KRB5_CC_NOTFOUND", "KRB5_CC_NOTFOUND  -1765328243, 0x96c73a8d, 2529639053"),
        ("ENOENT", "ENOENT  2"),
        ("ProtectionError", "ProtectionError  of asyncauth"),
        ("AsyncAuthError", "AsyncAuthError  of asyncauth"),
        ("wrong-key", "13. The key has the right version and is another one"),
        ("no-path-between-realms", "not reproduced by a test: it takes two realms"),
    ],
)
def test_what_is_said_first(capsys: pytest.CaptureFixture[str], text: str, says: str) -> None:
    assert main(["explain", text]) == 0
    assert says in capsys.readouterr().out


def test_a_bare_small_number_is_answered_with_all_it_can_be(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "7"]) == 0
    out = capsys.readouterr().out
    assert f"{UNKNOWN}  " in out
    assert "GSS_S_NO_CRED  0x70000" in out


def test_a_pasted_line(capsys: pytest.CaptureFixture[str]) -> None:
    line = "asyncauth: the KDC refused the password of x@R (Preauthentication failed) [-1765328360]: the password"
    assert main(["explain", *line.split()]) == 0
    assert failure(5).happened.split(".")[0] in " ".join(capsys.readouterr().out.split())


def test_a_code_that_says_little_has_titles(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "0xd0000"]) == 0
    out = capsys.readouterr().out
    assert "By itself it says little" in out
    assert "  4  ticket-expired" in out
    assert failure(4).happened not in out
    assert main(["explain", "0xd0000", "-v"]) == 0
    assert failure(4).happened in " ".join(capsys.readouterr().out.split())


def test_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(FAILURES) + 2
    assert lines[0].split() == ["1", "service-unknown", *failure(1).title.split()]


def test_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--json", UNKNOWN]) == 0
    code, *failures = events(capsys)
    assert code == {
        "event": "code", "code": UNKNOWN, "kind": "krb5", "number": -1765328377,
        "written": ["-1765328377", "0x96c73a07", "2529638919", "7"],
        "says": "Server not found in Kerberos database", "failures": [1, 2, 27, 28],
    }  # fmt: skip
    assert [each["number"] for each in failures] == [1, 2, 27, 28]
    first = failures[0]
    assert (first["event"], first["reproduced"], first["unproven"]) == ("failure", True, None)
    assert first["cause"] == failure(1).cause
    assert first["codes"][0]["number"] == -1765328377
    assert failures[2]["reproduced"] is False


def test_a_class_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--json", "ProtectionError"]) == 0
    kind, *failures = events(capsys)
    assert (kind["event"], kind["name"]) == ("class", "ProtectionError")
    assert kind["failures"] == [each["number"] for each in failures] == [18, 19, 20, 33]


def test_all_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--json"]) == 0
    assert [each["number"] for each in events(capsys)] == [each.number for each in FAILURES]


def test_an_unknown_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "KRB5KDC_ERR_S_PRINCIPLE_UNKNOWN"]) == 1
    out, err = capsys.readouterr()
    reason, fix = err.splitlines()
    assert (out, reason) == ("", "asyncauth: nothing is known of 'KRB5KDC_ERR_S_PRINCIPLE_UNKNOWN'")
    assert f"perhaps {UNKNOWN}, or " in fix
    assert "lists what is known" in fix


def test_an_unknown_code_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--json", "0x80090304"]) == 1
    unknown, failed = events(capsys)
    assert (unknown["event"], unknown["code"]) == ("unknown", "0x80090304")
    assert "0x80090303 SEC_E_TARGET_UNKNOWN" in unknown["nearest"]
    assert failed["event"] == "failed"


def test_nothing_is_like_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "zzzzzzzz"]) == 1
    assert capsys.readouterr().err.splitlines()[1] == "  asyncauth explain without a code lists what is known"


@pytest.mark.parametrize("number", ["100001", "100017", "0x186a1"])
def test_a_number_that_the_library_made_up(capsys: pytest.CaptureFixture[str], number: str) -> None:
    assert main(["explain", number]) == 1
    reason, fix = capsys.readouterr().err.splitlines()
    assert "has made up" in reason
    assert "the text beside it" in fix


def test_it_needs_neither_kerberos_nor_a_realm() -> None:
    script = (
        "import sys\nfor name in ('gssapi', 'krb5', 'dns', 'rich', 'spnego', 'ldap3'): sys.modules[name] = None\n"
        "from asyncauth.cli import main; sys.exit(main(['explain', '-1765328377']))"
    )
    env = environment(KRB5_CONFIG="/nonexistent")
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, env=env, check=True
    )
    assert failure(1).title in done.stdout


def test_as_a_process() -> None:
    done = subprocess.run([*COMMAND, "explain", "-2146893053"], capture_output=True, cwd=ROOT, check=True)
    assert done.stdout.startswith(b"SEC_E_TARGET_UNKNOWN")


# --- the other commands ----------------------------------------------------------------------------------------


def failed(error: AsyncAuthError, capsys: pytest.CaptureFixture[str], *, verbose: bool) -> list[str]:
    Output(io.StringIO(), json=False, verbose=verbose).failed(error)
    return capsys.readouterr().err.splitlines()


def test_verbose_says_why_and_what_not_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    known = failure(5)
    error = CredentialError("no", fix="do that", code="-1765328360", cause=known.cause)
    assert failed(error, capsys, verbose=False) == ["asyncauth: no [-1765328360]", "  do that"]
    assert failed(error, capsys, verbose=True) == [
        "asyncauth: no [-1765328360]", "  do that", f"  usually: {known.cause}", *(f"  {text}" for text in known.never),
    ]  # fmt: skip


def test_verbose_where_nobody_knows(capsys: pytest.CaptureFixture[str]) -> None:
    assert failed(AsyncAuthError("no"), capsys, verbose=True) == ["asyncauth: no"]
    cause = CredentialError("no").cause
    assert failed(CredentialError("no"), capsys, verbose=True) == ["asyncauth: no", f"  usually: {cause}"]


def test_failures_in_json_have_code_and_cause(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spn", "parse", "--json", "http"]) == 1
    (event,) = events(capsys)
    assert event["event"] == "failed"
    assert event["error"] == "InvalidName"
    assert "no slash" in event["cause"]
    assert "code" in event
