"""``--dump``: what two real processes write down of each other, and what is not in it."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest

from asyncauth import __version__
from asyncauth.capture import Dump, Message, messages
from asyncauth.testing import Service
from asyncauth.tokens import ApReq, Wrap, requested_service

from ._process import Cli

SPN = "Echo/localhost"
SECRET = b"a text that nobody else should read"
BOTH = pytest.mark.parametrize("framing", ["nns", "winsock", "gss-sample", "sasl"])


def said(path: Path, connection: str = "1") -> list[Message]:
    dump = Dump.parse(path.read_text())
    return [each for each in messages(dump, connection) if isinstance(each, Message)]


def told(cli: Cli, path: Path) -> str:
    done = cli("decode", path)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode()


@BOTH
def test_both_ends_write_down_the_same(cli: Cli, keytab: Path, tmp_path: Path, framing: str) -> None:
    ours, theirs = tmp_path / "client", tmp_path / "server"
    options = ("--framing", framing, *(("--allow-unmarked-end",) if framing == "gss-sample" else ()))
    with cli.serving("--keytab", keytab, "--echo", *options, "--dump", theirs) as server:
        done = cli("connect", server.place, "--spn", SPN, *options, "--dump", ours, data=SECRET)
        assert (done.returncode, done.stdout) == (0, SECRET), done.stderr
    for path in (ours, theirs):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        dump = Dump.parse(path.read_text())
        assert (dump.get("framing"), dump.get("asyncauth"), dump.get("require")) == (
            framing,
            __version__,
            "seal",
        )
        assert list(dump.chunks) == list(dump.closed) == list(dump.opened) == ["1"]
    assert Dump.parse(ours.read_text()).get("role") == "client"
    assert Dump.parse(theirs.read_text()).opened["1"].address.startswith("127.0.0.1:")
    key = sorted((m.sender, m.position, m.size, str(m.token)) for m in said(ours))
    assert key == sorted((m.sender, m.position, m.size, str(m.token)) for m in said(theirs))
    wraps = [m.token for m in said(ours) if isinstance(m.token, Wrap)]
    assert {wrap.by_acceptor for wrap in wraps} == {False, True}
    assert all(wrap.sealed for wrap in wraps)
    assert f"Kerberos AP-REQ for {SPN} in realm EXAMPLE.TEST" in told(cli, theirs)


def test_a_dump_can_be_shown_to_anybody(cli: Cli, keytab: Path, tmp_path: Path) -> None:
    """Whatever is not a header, a name or a number is left out: all that could be replayed, guessed at or read."""
    path = tmp_path / "dump"
    with cli.serving("--keytab", keytab, "--echo") as server:
        cli("connect", server.place, "--spn", SPN, "--dump", path, data=SECRET * 100)
    for message in said(path):
        for part in message.parts:
            if any(word in part.text for word in ("enc-part", "authenticator", "encrypted data")):
                assert part.secret
    text = path.read_text()
    lines = [line for line in text.splitlines() if line.startswith((">", "<"))]
    assert all(len(re.sub(r"\[\d+\]", "", line)) < 900 for line in lines)
    assert not re.search("(?:[0-9a-f]{2}){300}", text)
    (request,) = (m for m in said(path) if m.sender == ">" and m.title == "HandshakeInProgress")
    hidden = sum(end - start for start, end in request.secrets())
    assert hidden > request.size - 260


@pytest.mark.parametrize("require", ["sign", "none"])
def test_plaintext_is_left_out(cli: Cli, keytab: Path, tmp_path: Path, require: str) -> None:
    ours, theirs = tmp_path / "client", tmp_path / "server"
    options = ("--require", require, "--mechanism", "kerberos")
    with cli.serving("--keytab", keytab, "--echo", *options, "--dump", theirs) as server:
        done = cli("connect", server.place, "--spn", SPN, *options, "--dump", ours, data=SECRET)
        assert done.stdout == SECRET, done.stderr
    for path in (ours, theirs):
        text = path.read_text()
        assert SECRET[5:13].hex() not in text
        sizes = {m.size for m in said(path)}
        if require == "none":
            assert len(SECRET) in sizes
            assert f"data, {len(SECRET)} bytes" in told(cli, path) or "left out of the dump" in told(
                cli, path
            )
        else:
            assert "signed only" in told(cli, path) or "sealed" in told(cli, path)


def test_a_server_tells_its_connections_apart(
    cli: Cli, keytab: Path, impostor: Service, tmp_path: Path
) -> None:
    path = tmp_path / "dump"
    with cli.serving("--keytab", keytab, "--echo", "--dump", path) as server:
        assert cli("connect", server.place, "--spn", SPN, data=b"one").stdout == b"one"
        assert (
            cli("connect", server.place, "--spn", "Echo/impostor.example.test", data=b"two").returncode == 1
        )
        assert cli("connect", server.place, "--spn", SPN, data=b"three").stdout == b"three"
    assert list(Dump.parse(path.read_text()).opened) == ["1", "2", "3"]
    assert [m.title for m in said(path, "2")] == ["HandshakeInProgress", "HandshakeError"]
    out = told(cli, path)
    assert "Kerberos AP-REQ for Echo/impostor.example.test in realm EXAMPLE.TEST" in out
    assert "0x8009030C SEC_E_LOGON_DENIED" in out
    for number in "123":
        assert f"connection {number}, 20" in out
    tokens = [
        m.token for n in "123" for m in said(path, n) if m.sender == ">" and m.title.startswith("Handshake")
    ]
    assert len(tokens) == 3


def test_workers_share_a_file(cli: Cli, keytab: Path, tmp_path: Path) -> None:
    path = tmp_path / "dump"
    with cli.serving("--keytab", keytab, "--echo", "--workers", "2", "--dump", path) as server:
        for number in range(6):
            data = b"%d" % number * 100_000
            assert cli("connect", server.place, "--spn", SPN, data=data).stdout == data
    dump = Dump.parse(path.read_text())
    assert len(dump.opened) == len(dump.closed) == 6
    assert all(re.fullmatch(r"[12]\.\d", connection) for connection in dump.opened)
    for connection in dump.opened:
        assert isinstance(inner(said(path, connection)[0].token), ApReq)
        assert not [m.title for m in said(path, connection) if "cannot" in m.title or "cut off" in m.title]


def inner(token: object) -> object:
    while (within := getattr(token, "token", None)) is not None:
        token = within
    return token


def test_a_dump_is_never_written_over(cli: Cli, keytab: Path, tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_text("mine")
    reason, fix = cli.fails("connect", "localhost:1", "--spn", SPN, "--dump", path)
    assert reason == f"cannot write the dump {path}: File exists"
    assert "does not exist" in fix
    arguments = ("--listen", "127.0.0.1:0", "--echo", "--keytab", keytab, "--dump", path)
    assert cli.fails("serve", *arguments)[0] == reason
    assert cli.fails("serve", *arguments, "--workers", "2")[0] == reason
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    assert "File exists" in cli.fails("connect", "localhost:1", "--spn", SPN, "--dump", link)[0]
    assert path.read_text() == "mine"


def test_a_failed_connection_is_written_down(cli: Cli, keytab: Path, tmp_path: Path) -> None:
    path = tmp_path / "dump"
    with cli.serving("--keytab", keytab, "--echo") as server:
        cli.fails("connect", server.place, "--spn", "Echo/impostor.example.test", "--dump", path)
    assert [m.title for m in said(path)] == ["HandshakeInProgress", "HandshakeError"]
    refused = tmp_path / "refused"
    reason, _ = cli.fails("connect", "localhost:1", "--spn", SPN, "--dump", refused)
    assert reason.startswith("cannot connect to localhost port 1")
    assert Dump.parse(refused.read_text()).chunks == {}


def test_a_server_that_is_stopped_has_written_all(cli: Cli, keytab: Path, tmp_path: Path) -> None:
    path = tmp_path / "dump"
    data = os.urandom(1 << 20) * 8
    with cli.serving("--keytab", keytab, "--echo", "--dump", path) as server:
        done = cli("connect", server.place, "--spn", SPN, data=data)
        assert done.stdout == data
        server.stop()
    sizes = dict.fromkeys("><", 0)
    for message in said(path):
        sizes[message.sender] += message.size
        assert not message.title.startswith("bytes")
    assert min(sizes.values()) > len(data)
    assert path.stat().st_size < 200_000


def test_the_name_is_still_there_for_the_service_asked_for(cli: Cli, keytab: Path, tmp_path: Path) -> None:
    path = tmp_path / "dump"
    with cli.serving("--keytab", keytab, "--echo") as server:
        cli("connect", server.place, "--spn", SPN, "--dump", path, data=b"x")
    sent = b"".join(chunk.data for chunk in Dump.parse(path.read_text()).chunks["1"] if chunk.sender == ">")
    service = requested_service(sent[5 : 5 + int.from_bytes(sent[3:5], "big")])
    assert str(service) == f"{SPN}@EXAMPLE.TEST"
