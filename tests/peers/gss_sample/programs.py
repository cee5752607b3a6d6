"""MIT's gss-client and gss-server, as Debian's krb5-gss-samples has them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from tempfile import TemporaryFile

import anyio

from asyncauth import MechanismUnavailable

from ...services import House

__all__ = ["MESSAGE", "SERVICE", "Ran", "Running", "Samples"]

SERVICE = "ADSockAuth@localhost"
"""The programs know host-based names only; this is the SPN ADSockAuth/localhost."""

MESSAGE = "hello, whoever you are"
SECONDS = 15


@dataclass(frozen=True)
class Ran:
    """A program that has ended."""

    code: int
    output: str
    """stdout and stderr, as they came."""


@dataclass
class Running:
    """A gss-server. After the ``async with``, how it ended."""

    port: int
    code: int | None = None
    output: str = ""
    messages: list[str] = field(default_factory=list)
    """What it has received, as it prints it."""


class Samples:
    """The programs in a realm: the client as alice, the server with the service's key.

    :raises MechanismUnavailable: they are not installed
    """

    def __init__(self, house: House) -> None:
        paths = [shutil.which(name) for name in ("gss-client", "gss-server")]
        if None in paths:
            raise MechanismUnavailable(
                "gss-client and gss-server are missing", fix="install Debian's package krb5-gss-samples"
            )
        self.house = house
        self._client, self._server = (str(path) for path in paths)
        self._env = {
            "PATH": os.environ["PATH"],
            "LC_ALL": "C",
            **house.realm.env,
            "KRB5CCNAME": house.cache,
            "KRB5_KTNAME": f"FILE:{house.service.keytab}",
        }

    async def client(self, port: int, *options: str, message: str = MESSAGE, service: str = SERVICE) -> Ran:
        """Run gss-client against a server."""
        line = [self._client, "-port", str(port), *options, "localhost", service, message]
        with anyio.fail_after(SECONDS):
            done = await anyio.run_process(line, check=False, stderr=subprocess.STDOUT, env=self._env)
        return Ran(done.returncode, done.stdout.decode(errors="replace"))

    @asynccontextmanager
    async def server(self, *options: str) -> AsyncIterator[Running]:
        """gss-server for one connection; leaving the context waits for its end."""
        running = Running(_free_port())
        line = [self._server, "-port", str(running.port), "-once", *options, SERVICE]
        with TemporaryFile() as output:  # a pipe would be full soon: it prints what it gets in hexadecimal
            process = await anyio.open_process(line, stdout=output, stderr=subprocess.STDOUT, env=self._env)
            try:
                with anyio.fail_after(SECONDS):
                    await _listening(running.port)
                    yield running
                    running.code = await process.wait()
            finally:
                with anyio.CancelScope(shield=True):
                    if process.returncode is None:
                        process.kill()
                    await process.aclose()
            output.seek(0)
            running.output = output.read().decode(errors="replace")
        running.messages = [
            line.removeprefix("Received message: ").strip('"')
            for line in running.output.splitlines()
            if line.startswith("Received message: ")
        ]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _listening(port: int) -> None:
    """Wait until somebody listens there, without connecting: it would be the server's one connection."""
    wanted = f":{port:04X} 00000000:0000 0A"
    while wanted not in await anyio.Path("/proc/net/tcp").read_text():  # noqa: ASYNC110 - there is no event for it
        await anyio.sleep(0.01)
