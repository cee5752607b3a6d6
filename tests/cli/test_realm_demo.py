"""``realm`` and ``demo``: they start realms of their own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from ._process import COMMAND, PATIENCE, ROOT, Cli, Running, environment, parsed

LEAK = "LEAKCHECK"
MARKED = f"""
import secrets, sys
real = secrets.token_urlsafe
secrets.token_urlsafe = lambda *size: "{LEAK}" + real(*size)
from asyncauth.cli import main
sys.exit(main())
"""
"""The command line, with a word in every password that a realm makes."""


def gone(path: str, seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while Path(path).exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return not Path(path).exists()


def processes(words: str) -> dict[int, str]:
    """Command lines with these words in them, as a realm's directory, by process id."""
    found = {}
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found[int(process.parent.name)] = process.read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
    return {pid: line for pid, line in found.items() if words in line}


@pytest.mark.usefixtures("mit_realm")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_realm_to_play_in(number: int) -> None:
    cli = Cli(environment())
    spns = ("--service", "echo=Echo/localhost", "--service", "echo=Echo/second", "--service", "other=Other/a")
    with Running(cli, "realm", "--json", "--kind", "mit", "--name", "PLAY.TEST", *spns) as realm:
        ready = realm.event(0)
        assert (ready["event"], ready["realm"], ready["kind"]) == ("ready", "PLAY.TEST", "mit")
        assert {"alice", "bob"} <= set(ready["users"])
        echo = ready["services"]["echo"]
        assert echo["spns"] == ["Echo/localhost", "Echo/second"]
        assert ready["env"]["KRB5_KTNAME"] == f"FILE:{echo['keytab']}"
        inside = Cli(environment(**ready["env"]))
        with inside.serving("--keytab", echo["keytab"], "--echo") as server:
            done = inside("connect", server.place, "--spn", "Echo/second", data=b"hello")
            assert (done.returncode, done.stdout) == (0, b"hello")
        assert len(realm.stop(number)) == 1
        assert gone(ready["directory"], 0)
        assert not processes(ready["directory"])


@pytest.mark.usefixtures("ad_realm")
def test_an_active_directory_to_play_in(tmp_path: Path) -> None:
    cli = Cli(environment())
    with Running(
        cli, "realm", "--json", "--kind", "ad", "--dir", tmp_path / "r", "--service", "e=Echo/x"
    ) as realm:
        ready = realm.event(0)
        assert ready["directory"] == str(tmp_path / "r")
        assert ready["users"]["administrator"]["password"]
        inside = Cli(environment(**ready["env"]))
        assert inside("spn", "check", "Echo/x").stdout.decode().startswith("CN=e,")
        realm.stop()
        assert not (tmp_path / "r").exists()
        assert not processes(str(tmp_path / "r"))


@pytest.mark.usefixtures("mit_realm")
def test_a_realm_whose_kdc_dies() -> None:
    with Running(Cli(environment()), "realm", "--json", "--kind", "mit", "--name", "DYING.TEST") as realm:
        directory = realm.event(0)["directory"]
        (kdc,) = processes("krb5kdc -n -r DYING.TEST")
        os.kill(kdc, signal.SIGKILL)
        assert realm.process.wait(PATIENCE) == 1
    said = r"asyncauth: the realm DYING\.TEST is gone: \S*krb5kdc ended with code -9; its log ends: .*\n  start a new"
    assert re.search(said, realm.log)
    assert gone(directory, 5)


@pytest.mark.usefixtures("ad_realm")
def test_interrupted_while_it_starts(tmp_path: Path) -> None:
    command = [*COMMAND, "realm", "--kind", "ad", "--dir", str(tmp_path / "r")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as realm:
        assert realm.stdout is not None
        assert realm.stderr is not None
        assert b"making the domain" in realm.stdout.readline()
        time.sleep(0.5)
        realm.terminate()
        assert realm.wait(PATIENCE) == 0
        assert realm.stderr.read() == b""
    assert gone(str(tmp_path / "r"), 5)


@pytest.mark.usefixtures("mit_realm")
def test_what_people_see_of_a_realm() -> None:
    command = [*COMMAND, "realm", "--kind", "mit", "--service", "echo=Echo/localhost"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True, env=environment()) as realm:
        assert realm.stdout is not None
        lines = list(iter(realm.stdout.readline, "Ctrl-C ends it.\n"))
        realm.terminate()
        rest = realm.stdout.read()
    text = "".join(lines)
    assert "  export KRB5_CONFIG=" in text
    assert re.search(r"alice@EXAMPLE\.TEST +\S{20}", text)
    assert "asyncauth connect localhost:9000 --spn Echo/localhost" in text
    assert (rest, realm.returncode) == ("stopped; nothing is left of the realm\n", 0)


@pytest.mark.usefixtures("mit_realm")
@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--name", "nonsense"), "'nonsense' is no name for a realm"),
        (("--dir", "/proc/x"), "/proc/x cannot be used"),
    ],
)
def test_a_realm_that_cannot_start(arguments: tuple[str, ...], reason: str) -> None:
    done = Cli(environment())("realm", "--kind", "mit", *arguments)
    assert done.returncode == 1
    assert reason in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def demo(*arguments: str) -> str:
    """What it prints."""
    done = subprocess.run(
        [sys.executable, "-c", MARKED, "demo", *arguments],
        capture_output=True,
        cwd=ROOT,
        env=environment(),
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b""), done.stderr
    output = done.stdout.decode()
    assert LEAK not in output
    assert not re.search(r"([0-9a-f]{2} ){25}", output), "more of the wire than is harmless"
    return output


@pytest.mark.usefixtures("mit_realm")
def test_the_marked_passwords_are_used() -> None:
    """Without this the checks above would prove nothing."""
    command = [sys.executable, "-c", MARKED, "realm", "--kind", "mit", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, env=environment()) as realm:
        assert realm.stdout is not None
        ready = json.loads(realm.stdout.readline())
        realm.terminate()
    assert all(LEAK in user["password"] for user in ready["users"].values())


@pytest.mark.usefixtures("ad_realm")
def test_the_demo_shows_the_main_job() -> None:
    output = demo("--kind", "ad")
    scp, _, rnr = output.partition("== A Winsock registration (RnR)")
    for part, dn, framing in (
        (scp, "CN=SockAuthAD,CN=APP1,CN=Computers,DC=example,DC=test", "HandshakeInProgress, "),
        (
            rnr,
            "CN=WinSockRnRSampleService,CN=WinsockServices,CN=System,DC=example,DC=test",
            "DWORD length, token, ",
        ),
    ):
        host = "app1" if part is scp else "app2"
        spn = f"ADSockAuth/{host}.example.test/{dn}"
        assert re.search(rf"dn +{re.escape(dn)}\n", part)
        assert re.search(rf"SPN composed +{re.escape(spn)}\n", part)
        assert re.search(
            rf"ticket +{re.escape(spn)}, for alice@EXAMPLE.TEST\n +session key aes256-cts-hmac-sha1-96", part
        )
        assert re.search(
            rf"token sent +{framing}\d+ bytes, SPNEGO NegTokenInit: 60 82 .. .. 06 06 2b 06 01 05 05 02 ",
            part,
        )
        assert re.search(r"token received +.*, \d+ bytes, SPNEGO NegTokenResp: a1 81 .. ", part)
        assert len(re.findall(r"mechanism kerberos, mutual, protection seal\n", part)) == 2
        assert re.search(
            r"plaintext sent +Who am I, and who are you\?\n +on the wire +56 00 00 00 05 04 06 ff ", part
        )
        assert re.search(r"the client +the server .*(refused our token|does not hold the key of)", part)
        assert re.search(r"SPN held by +nobody\n +alice finds +nothing is published for ", part)
    assert "serviceBindingInformation" in scp
    assert "winsockAddresses" in rnr
    assert output.endswith("nothing is left of the realm.\n")


@pytest.mark.usefixtures("mit_realm")
def test_the_demo_where_no_directory_is_possible() -> None:
    events = parsed(demo("--kind", "mit", "--json").encode())
    assert [event.get("step") for event in events] == [
        "realm", None, "prepare", "publish", "register", "listen", "locate", "authenticate", "talk", "refuse",
        "withdraw", None,
    ]  # fmt: skip
    assert "no SCP and no RnR" in events[1]["title"]
    assert events[7]["facts"]["the service knows"][0] == "alice@EXAMPLE.TEST"
    assert events[-1]["event"] == "done"


@pytest.mark.usefixtures("ad_realm")
def test_an_interrupted_demo_leaves_nothing() -> None:
    command = [*COMMAND, "demo", "--kind", "ad"]
    with tempfile.TemporaryDirectory() as place:  # not pytest's: Samba's sockets need a short path
        env = environment(TMPDIR=place)
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, env=env
        ) as show:
            assert show.stdout is not None
            assert show.stderr is not None
            while b"listening" not in show.stdout.readline():
                assert show.poll() is None
            assert processes(place)
            show.terminate()
            assert show.wait(PATIENCE) == 1
            assert show.stderr.read() == b"asyncauth: interrupted\n"
        assert not list(Path(place).iterdir())
        assert not processes(place)
