"""``serve --forward``: Kerberos in front of a plain TCP service, ends of data and broken connections included."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ._process import COMMAND, PATIENCE, ROOT, Cli

SPN = "Echo/localhost"


@contextmanager
def plain_service(handle: Callable[[socket.socket], None]) -> Iterator[str]:
    """A TCP service without any authentication, for one connection."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(PATIENCE)

        def serve() -> None:
            accepted, _ = listening.accept()
            with accepted:
                accepted.settimeout(PATIENCE)
                handle(accepted)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        thread.join(PATIENCE)


def received(connection: socket.socket) -> bytes:
    """Everything until the end."""
    return b"".join(iter(lambda: connection.recv(65_536), b""))


def test_it_ends_when_the_service_ends_although_stdin_is_open(cli: Cli, keytab: Path) -> None:
    with (
        plain_service(lambda backend: backend.sendall(b"so long")) as backend,
        cli.serving("--keytab", keytab, "--forward", backend) as server,
    ):
        command = [*COMMAND, "connect", server.place, "--spn", SPN]
        client = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(cli.env), cwd=ROOT
        )
        assert client.stdin is not None
        assert client.stdout is not None
        with client.stdin, client.stdout:
            assert client.wait(PATIENCE) == 0
            assert client.stdout.read() == b"so long"


def test_forwarding_passes_each_end_of_data(cli: Cli, keytab: Path) -> None:
    request = os.urandom(3_000_000)
    seen: list[bytes] = []

    def answer(backend: socket.socket) -> None:
        seen.append(received(backend))  # ends when the client's stdin does
        backend.sendall(b"%d bytes" % len(seen[0]))

    with plain_service(answer) as backend, cli.serving("--keytab", keytab, "--forward", backend) as server:
        done = cli("connect", server.place, "--spn", SPN, data=request)
    assert (done.returncode, done.stdout) == (0, b"3000000 bytes")
    assert seen == [request]


def test_an_unreachable_backend_is_no_clean_end(cli: Cli, keytab: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"127.0.0.1:{taken.getsockname()[1]}"
    with cli.serving("--keytab", keytab, "--forward", nobody) as server:
        reason, _ = cli.fails("connect", server.place, "--spn", SPN, data=b"hello")
        assert f"{nobody} cannot be reached" in server.log
    # Which of the two is a race: our data may meet a connection that is closed already.
    assert "without saying that this was the end" in reason or "broke" in reason


def test_a_backend_that_breaks_off_is_no_clean_end(cli: Cli, keytab: Path) -> None:
    def break_off(backend: socket.socket) -> None:
        backend.sendall(b"half")
        backend.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with plain_service(break_off) as backend, cli.serving("--keytab", keytab, "--forward", backend) as server:
        done = cli("connect", server.place, "--spn", SPN)
    assert done.returncode == 1


def test_a_client_that_breaks_off_is_a_reset_for_the_backend(cli: Cli, keytab: Path) -> None:
    seen: list[BaseException] = []

    def watch(backend: socket.socket) -> None:
        assert backend.recv(100) == b"hello"
        with pytest.raises(ConnectionResetError) as raised:
            received(backend)
        seen.append(raised.value)

    with plain_service(watch) as backend, cli.serving("--keytab", keytab, "--forward", backend) as server:
        command = [*COMMAND, "connect", server.place, "--spn", SPN]
        with subprocess.Popen(command, stdin=subprocess.PIPE, env=dict(cli.env), cwd=ROOT) as client:
            assert client.stdin is not None
            client.stdin.write(b"hello")
            client.stdin.flush()
            server.event(1)
            time.sleep(0.2)
            client.kill()
    assert seen
