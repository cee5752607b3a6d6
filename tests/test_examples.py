"""The examples, as they stand, in processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from asyncauth.testing import SambaRealm

from .services import House

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.fixture(scope="module")
def environment(ad_realm: SambaRealm, house: House) -> dict[str, str]:
    """What `asyncauth realm` exports."""
    return {
        **os.environ,
        **ad_realm.env,
        "KRB5_KTNAME": f"FILE:{house.service.keytab}",
        "ADMIN_CCNAME": ad_realm.ticket("administrator"),
        "PYTHONWARNINGS": "error",
    }


def attempt(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run an example to its end."""
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        cwd=EXAMPLES,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def run(environment: dict[str, str], *arguments: str) -> str:
    """Run an example that has to succeed, and give what it printed."""
    result = attempt(environment, *arguments)
    assert result.returncode == 0, result.stderr
    assert not result.stderr
    return result.stdout


@contextmanager
def running(environment: dict[str, str], *arguments: str, until: str) -> Iterator[str]:
    """An example that serves, from its first line on; it is interrupted at the end."""
    with subprocess.Popen(
        [sys.executable, "-u", *arguments], env=environment, cwd=EXAMPLES, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            line = ""
            while until not in line:
                line = process.stdout.readline()
                assert line, "it ended too early"
            yield line.strip()
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)


def test_every_example_is_run_here() -> None:
    text = Path(__file__).read_text()
    assert all(path.name in text for path in EXAMPLES.glob("*.py"))


def test_echo_server_and_client(environment: dict[str, str], unused_tcp_port: int) -> None:
    port = str(unused_tcp_port)
    server = subprocess.Popen(
        [sys.executable, "-u", "echo_server.py", port],
        env=environment,
        cwd=EXAMPLES,
        stdout=subprocess.PIPE,
        text=True,
    )
    with server:
        try:
            for _ in range(50):
                client = attempt(environment, "echo_client.py", port)
                if "cannot connect" not in client.stderr:
                    break
            assert client.stdout == "connected to ADSockAuth/localhost, sealed\nhello\n", client.stderr
            assert server.stdout is not None
            assert server.stdout.readline() == "alice@EXAMPLE.TEST is here, by kerberos\n"
        finally:
            server.send_signal(signal.SIGINT)


@pytest.mark.parametrize(
    ("example", "says", "name"),
    [
        ("scp_service.py", "published", "CN=SockAuthAD,CN=System,DC=example,DC=test"),
        (
            "rnr_service.py",
            "registered",
            "CN=WinSockRnRSampleService,CN=WinsockServices,CN=System,DC=example,DC=test",
        ),
    ],
)
def test_a_service_that_publishes_itself(
    environment: dict[str, str], example: str, says: str, name: str
) -> None:
    spn = f"ADSockAuth/localhost/{name}"
    with running(environment, example, until=says) as line:
        assert line == f"{says} {spn}"
        assert run(environment, example, "call").endswith(f"it is {spn}\n")
    gone = attempt(environment, example, "call")
    assert gone.returncode == 1
    assert "ServiceNotFound" in gone.stderr


def test_an_unchanged_protocol(environment: dict[str, str]) -> None:
    said = run(environment, "unchanged_protocol.py")
    assert said == "HELLO, WORLD\nfrom ADSockAuth/localhost by kerberos\n"


def test_an_upgrade_in_mid_connection(environment: dict[str, str]) -> None:
    said = run(environment, "upgrade.py")
    assert said == "alice@EXAMPLE.TEST asked: is anybody listening in?\n"


def test_a_backend_of_ones_own(environment: dict[str, str]) -> None:
    assert run(environment, "own_backend.py") == "good day, alice@EXAMPLE.TEST\n"


def test_a_service_for_one_group(environment: dict[str, str]) -> None:
    refused, told, allowed, welcomed = run(environment, "allow_group.py").splitlines()
    assert refused.startswith("decision=refused peer=alice@EXAMPLE.TEST realm=EXAMPLE.TEST sid=S-1-5-21-")
    assert refused.endswith('reason="alice@EXAMPLE.TEST is not allowed"')
    assert told == "not for us"
    assert allowed.startswith("decision=allowed peer=Administrator@EXAMPLE.TEST ")
    assert ' rule="group:Domain Admins" ' in allowed
    assert welcomed == "welcome, Administrator, number 500"
