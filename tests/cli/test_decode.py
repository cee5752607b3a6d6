"""``asyncauth decode`` in this process: every captured conversation, tokens, and what is neither."""

from __future__ import annotations

import base64
import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from asyncauth.cli import main

from ..capture.vectors import FILES, described, name_of
from ..tokens.material import AP_REQ, KERBEROS, ap_req, framed
from ..vectors.capture import Capture

files = pytest.mark.parametrize("path", FILES, ids=name_of)
TOKEN = framed(KERBEROS, AP_REQ, ap_req(b"http", b"app1.example.test", kvno=3))


def decoded(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """What it prints; it succeeds."""
    code = main(["decode", *map(str, arguments)])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    return out


def events(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in decoded(capsys, *arguments, "--json").splitlines()]


def failure(capsys: pytest.CaptureFixture[str], *arguments: str | Path, code: int = 1) -> str:
    """The lines on stderr of a command that fails and prints nothing."""
    assert main(["decode", *map(str, arguments)]) == code
    out, err = capsys.readouterr()
    assert out == ""
    return err


@files
def test_every_conversation_for_people(capsys: pytest.CaptureFixture[str], path: Path) -> None:
    out = decoded(capsys, path)
    capture = Capture.parse(path.read_text())
    assert re.search(rf"^framing +{capture['framing']}$", out, re.MULTILINE)
    for message in described(path.read_text()):
        assert f", {message.size} bytes" in out
        for _, _, text in message.fields:
            if text.startswith("ticket's service"):
                assert f"Kerberos AP-REQ for {text.split()[-1]} in realm " in out
            if text.startswith("sequence number"):
                assert text in out
    assert len(re.findall("end of its stream", out)) == len([c for c in capture.chunks if not c.data])
    assert "plaintext" not in out
    assert not re.search("^key ", out, re.MULTILINE)


@files
def test_every_conversation_for_programs(capsys: pytest.CaptureFixture[str], path: Path) -> None:
    head, *rest = events(capsys, path)
    capture = Capture.parse(path.read_text())
    assert head["event"] == "dump"
    assert head["head"]["spn"] == capture["spn"]
    assert "key" not in head["head"]
    said = [event for event in rest if event["event"] == "message"]
    assert [event["size"] for event in said if event["sender"] == "client"] == sizes_of(said, "client")
    assert sum(event["size"] for event in said if event["sender"] == "client") == len(capture.sent(">"))
    assert sum(event["size"] for event in said if event["sender"] == "server") == len(capture.sent("<"))
    written = sorted(message.size for message in described(path.read_text()))
    assert sorted(event["size"] for event in said) == written
    asked = {event["token"]["spn"] for event in said if event["token"] and "spn" in event["token"]}
    assert asked <= {capture["spn"]}
    assert {event["event"] for event in rest} <= {"message", "end"}


def sizes_of(said: list[dict[str, Any]], sender: str) -> list[int]:
    """In the order of their positions, which is the order they are printed in."""
    mine = [event for event in said if event["sender"] == sender]
    return [event["size"] for event in sorted(mine, key=lambda event: event["position"])]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("dotnet/net80_server_refuses_level", "1790 ERROR_TRUST_FAILURE: .*; less was negotiated"),
        ("dotnet/net31_server_refuses_level", "1790 ERROR_TRUST_FAILURE: .*; less was negotiated"),
        ("dotnet/net31_client_fails", "0x80004005; E_FAIL, its sender failed"),
        (
            "dotnet/net80managed_client_refused_ntlm",
            "0x8009030C SEC_E_LOGON_DENIED: .*; its sender refused a token",
        ),
        ("dotnet/net80_server_refuses_ticket", "0x80090304; SEC_E_INTERNAL_ERROR, its sender's mechanism"),
        ("dotnet/net80managed_client_refused_ntlm", "NTLM NEGOTIATE, flags 0x"),
        ("gss_sample/client_refused_ticket", "Kerberos error 35 KRB5KRB_AP_ERR_NOT_US: "),
        ("gss_sample/client_spnego", "SPNEGO accept-completed, mechanism kerberos"),
        ("gss_sample/client_signed", "signed only, sequence number"),
        ("gss_sample/client_refused_nomutual", "asks for no proof of the service"),
        ("dotnet/net31_client_sealed", "HandshakeDone, 191 bytes, version 1.161, marks its end"),
        ("dotnet/net31_client_sealed", r"ticket: aes256-cts-hmac-sha1-96 \(18\), key version 2, 1038 bytes"),
    ],
)
def test_in_plain_words(capsys: pytest.CaptureFixture[str], name: str, line: str) -> None:
    (path,) = (each for each in FILES if each.match(f"{name}.txt"))
    assert re.search(line, decoded(capsys, path))


@pytest.mark.parametrize(
    "text",
    [
        TOKEN.hex(),
        TOKEN.hex(" ").upper(),
        TOKEN.hex(":"),
        base64.b64encode(TOKEN).decode(),
        base64.b64encode(TOKEN).decode().rstrip("="),
        f"Negotiate {base64.b64encode(TOKEN).decode()}",
        f"  {base64.encodebytes(TOKEN).decode()}",
    ],
    ids=["hex", "spaced", "colons", "base64", "unpadded", "header", "lines"],
)
def test_a_token(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    out = decoded(capsys, "--token", text)
    assert (
        "Kerberos AP-REQ for http/app1.example.test in realm EXAMPLE.TEST, asks for the service's proof"
        in out
    )
    assert "key version 3" in out
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert decoded(capsys, "--token", "-") == out
    (event,) = events(capsys, "--token", text)
    assert event["token"]["spn"] == "http/app1.example.test"
    assert event["token"]["kvno"] == 3
    assert event["size"] == len(TOKEN)


def test_stdin(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    text = FILES[0].read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert decoded(capsys, "-") == decoded(capsys, FILES[0])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "line 1"),
        (b"# Title\n\nText\n", "line 1"),
        (b"framing: nns\n\n> 0.1 00\n> 0.2 0g\n", "line 4"),
        (b"framing: nns\n\n> 0.1 00\n\xff\xfe\n", "line 4"),
    ],
)
def test_a_file_that_is_none(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes, says: str
) -> None:
    path = tmp_path / "bad.txt"
    path.write_bytes(content)
    error, fix = failure(capsys, path).splitlines()
    assert error.startswith(f"asyncauth: {path}: {says} is no line of a dump: ")
    assert "docs/dump.md" in fix


@pytest.mark.parametrize("text", ["not a token", "abc", "\N{SNOWMAN}"])
def test_a_text_that_is_no_token(capsys: pytest.CaptureFixture[str], text: str) -> None:
    assert len(failure(capsys, "--token", text).splitlines()) == 2


def test_bytes_that_are_no_token(capsys: pytest.CaptureFixture[str]) -> None:
    error, _ = failure(capsys, "--token", TOKEN[:50].hex()).splitlines()
    assert "of the token is cut short" in error


def test_no_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "No such file" in failure(capsys, tmp_path / "absent")


@pytest.mark.parametrize("arguments", [(), ("file", "--token", "00")])
def test_wrong_usage(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    assert "give either FILE or --token" in failure(capsys, *arguments, code=2)


def test_names_from_the_network_move_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    token = framed(KERBEROS, AP_REQ, ap_req(b"http", b"\x1b[2Japp"))
    out = decoded(capsys, "--token", token.hex())
    assert "\x1b" not in out
    assert "http/\\x1b[2Japp" in out
