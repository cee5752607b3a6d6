"""Record the conversations in ``tests/vectors/gss_sample``: ``python -m tests.peers.gss_sample.record [DIRECTORY]``.

Each is a short conversation of gss-client or gss-server and us, in a realm that is gone afterwards: its tickets mean
nothing to anybody. The key of the messages (the acceptor's subkey, of an encryption type of RFC 3962) is written down,
so that a conversation can be read and replayed without a realm. ``mutual: no`` is a client that did not ask for it,
``refused: token`` a ticket for another account's key.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import anyio
from gssapi import raw

from asyncauth import AsyncAuthError, AuthenticatedStream, Protection
from asyncauth.framings import GssSample
from asyncauth.mechanisms import CredentialCache, Kerberos, Keytab, Negotiate
from asyncauth.testing import Realm, start_realm

from ...layers import LAYERS, AnyioStream
from ...services import OTHERS, TWO_PARTS, house_of
from ...vectors.capture import Capture
from ..dotnet.relay import Relay
from .programs import Samples
from .reading import comments

DIRECTORY = Path(__file__).parents[2] / "vectors" / "gss_sample"
NONE, SIGN, SEAL = Protection
MESSAGE = "hello, whoever you are"
LAYER = LAYERS["anyio"][0]

Key = tuple[int, bytes]
Play = Callable[[Samples, Callable[[int], int]], Awaitable[Key | None]]


class Scene(NamedTuple):
    """What is recorded.

    :param head: more lines for the file's head
    """

    name: str
    what: str
    play: Play
    head: tuple[tuple[str, str], ...]
    version: int = 2


def key_of(stream: AuthenticatedStream) -> Key:
    """The key of the messages, out of a context that is of no use afterwards."""
    context: Any = stream._connection._context
    exported = raw.krb5_export_lucid_sec_context(context._context, 1)
    assert isinstance(exported, raw.Krb5LucidContextV1)
    assert exported.cfx_kd is not None
    return exported.cfx_kd.acceptor_subkey_type or 0, exported.cfx_kd.acceptor_subkey or b""


def client(*options: str, require: Protection = SEAL, version: int = 2, service: str | None = None) -> Play:
    """gss-client and our server."""

    async def play(samples: Samples, through: Callable[[int], int]) -> Key | None:
        framing = GssSample(version)  # type: ignore[arg-type]
        more = {"service": service} if service else {}
        mechanism = Negotiate(Keytab(samples.house.service.keytab))
        async with (
            LAYER.serving(mechanism, framing=framing, require=require, allow_unmarked_end=True) as server,
            anyio.create_task_group() as group,
        ):
            group.start_soon(lambda: samples.client(through(server.port), *options, message=MESSAGE, **more))
            while not server.refused:
                with anyio.move_on_after(0.2):
                    stream = await server.next()
                    assert isinstance(stream, AnyioStream)
                    while await stream.receive():
                        pass
                    key = key_of(stream.stream)
                    await stream.abort()
                    return key
        return None

    return play


def server(
    kind: type[Negotiate | Kerberos], require: Protection = SEAL, spn: str = TWO_PARTS, *, mic: bool = True
) -> Play:
    """gss-server and our client."""

    async def play(samples: Samples, through: Callable[[int], int]) -> Key | None:
        async with samples.server() as running:
            mechanism = kind(CredentialCache(samples.house.cache))
            target = samples.house.target(through(running.port), spn)
            try:
                stream = await LAYER.connect(
                    target, mechanism, framing=GssSample(mic=mic), require=require, allow_unmarked_end=True
                )
            except AsyncAuthError:
                return None
            assert isinstance(stream, AnyioStream)
            for data in (MESSAGE, "bye"):
                await stream.send(data.encode())
            await stream.send_eof()
            assert await stream.receive() == b""
            key = key_of(stream.stream)
            await stream.abort()
            return key

    return play


def says(*texts: str, protection: Protection = SEAL) -> tuple[tuple[str, str], ...]:
    return (
        ("protection", protection.name),
        *(("plaintext", f"> {text.encode().hex()}") for text in texts),
    )


ONE, TWO = says(MESSAGE), says(MESSAGE, "bye")
NOTHING = (("protection", "none reached"),)
KERBEROS = "{ 1 2 840 113554 1 2 2 }"

SCENES = (
    Scene("client_sealed", "a message and its signature", client(), ONE),
    Scene("client_spnego", "two messages, SPNEGO", client("-spnego", "-mcount", "2"), says(MESSAGE, MESSAGE)),
    Scene("client_signed", "-nx: a signed message, and its signature", client("-nx", require=SIGN),
          says(MESSAGE, protection=SIGN)),
    Scene("client_unwrapped", "-nw: a message as it is, ENCRYPTED flagged all the same, and its signature",
          client("-nw", require=NONE), says(MESSAGE, protection=NONE)),
    Scene("client_no_mic", "-nm: a message that wants no signature", client("-nm"), ONE),
    Scene("client_v1", "-v1: length and nothing else, no opening, no end", client("-v1", version=1), ONE, 1),
    Scene("client_refused_nomutual", "-nomutual: our server refuses, without a word", client("-nomutual"),
          (*NOTHING, ("mutual", "no"))),
    Scene("client_refused_ticket", "our server has no key for the ticket", client(service="Other@localhost"),
          (*NOTHING, ("refused", "token"))),
    Scene("client_refused_na", "-na: no authentication, which our server refuses", client("-na"), NOTHING),
    Scene("server_sealed", "two messages of ours, their signatures, our NOOP", server(Kerberos), TWO),
    Scene("server_spnego", "the same with SPNEGO", server(Negotiate), TWO),
    Scene("server_signed_no_mic", "two signed messages of ours that want no signature",
          server(Kerberos, SIGN, mic=False), says(MESSAGE, "bye", protection=SIGN)),
    Scene("server_refuses_ticket", "the server has no key for the ticket", server(Kerberos, spn=OTHERS),
          (*NOTHING, ("refused", "token"))),
)  # fmt: skip


def _sample(name: str) -> str:
    """A program with its version, as Debian knows it."""
    line = ["dpkg-query", "--show", "--showformat=${Version}", "krb5-gss-samples"]
    known = subprocess.run(line, capture_output=True, text=True, check=False).stdout
    return f"{name} of MIT krb5 {re.split('[-+]', known)[0] or '(unknown)'}"


async def record(scene: Scene, samples: Samples) -> Capture:
    """Play a scene through a relay."""
    relays: list[Relay] = []

    def through(port: int) -> int:
        relays.append(Relay(port))
        return relays[0].port

    try:
        key = await scene.play(samples, through)
        await anyio.sleep(0.05)
        chunks = tuple(relays[0].chunks)
    finally:
        for relay in relays:
            relay.__exit__()
    ours = f"asyncauth {version('asyncauth')}"
    we_serve = scene.name.startswith("client")
    head = [
        ("what", scene.what),
        ("client", _sample("gss-client") if we_serve else ours),
        ("server", ours if we_serve else _sample("gss-server")),
        ("realm", f"{samples.house.realm.name}, a throw-away MIT realm"),
        ("spn", OTHERS if ("refused", "token") in scene.head else TWO_PARTS),
        ("framing", "gss-sample" if scene.version == 2 else "gss-sample-v1"),
        *scene.head,
        *([("key", f"{key[0]} {key[1].hex()}")] if key else []),
    ]
    return Capture(tuple(head), chunks)


async def record_all(realm: Realm, target: Path) -> None:
    samples = Samples(house_of(realm))
    for scene in SCENES:
        capture = await record(scene, samples)
        (target / f"{scene.name}.txt").write_text(capture.render(comments(capture.chunks, scene.version)))


def main(target: Path = DIRECTORY) -> None:
    target.mkdir(parents=True, exist_ok=True)
    with start_realm("mit", "MIT.TEST") as realm, realm.use():
        anyio.run(record_all, realm, target)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
