"""Record the conversations in ``tests/vectors/winsock``: ``python -m tests.peers.winsock.record [DIRECTORY]``.

Each is one of Microsoft's sample, as ``sample.py`` has it, and us, in a realm that is gone afterwards: its tickets mean
nothing to anybody. The key of the message is written down, so that it can be read and replayed without a realm.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import anyio
from anyio import to_thread

from asyncauth import AuthenticatedStream, connect
from asyncauth.framings import WinsockOneShot
from asyncauth.mechanisms import CredentialCache, Kerberos, Keytab
from asyncauth.testing import Realm, start_realm

from ...services import TWO_PARTS, House, house_of
from ...stream.servers import serving
from ...vectors.capture import Capture
from ..dotnet.relay import Relay
from ..gss_sample.record import Key, key_of
from . import sample
from .reading import comments

DIRECTORY = Path(__file__).parents[2] / "vectors" / "winsock"
DATA = b"This is the message that the sample's server sends."

Play = Callable[[House, Callable[[int], int]], Awaitable[Key]]


class Scene(NamedTuple):
    """What is recorded."""

    name: str
    what: str
    play: Play


async def our_server(house: House, through: Callable[[int], int]) -> Key:
    """The sample's client and our server."""
    keys: list[Key] = []

    async def handler(stream: AuthenticatedStream) -> None:
        async with stream:
            await stream.send(DATA)
            keys.append(key_of(stream))

    mechanism = Kerberos(Keytab(house.service.keytab))
    async with serving(house, handler, mechanism=mechanism, framing=WinsockOneShot()) as port:
        await to_thread.run_sync(sample.client, through(port), house.cache, TWO_PARTS)
    return keys[0]


async def our_client(house: House, through: Callable[[int], int]) -> Key:
    """The sample's server and our client."""
    mechanism = Kerberos(CredentialCache(house.cache))
    with sample.server(str(house.service.keytab), DATA) as port:
        target = house.target(through(port), TWO_PARTS)
        async with await connect(target, mechanism, framing=WinsockOneShot()) as stream:
            assert b"".join([piece async for piece in stream]) == DATA
            return key_of(stream)


SCENES = (
    Scene("client_one_shot", "the sample's client, and the one message of our server", our_server),
    Scene("server_one_shot", "the sample's server and its one message, and our client", our_client),
)


async def record(scene: Scene, house: House) -> Capture:
    """Play a scene through a relay."""
    relays: list[Relay] = []

    def through(port: int) -> int:
        relays.append(Relay(port))
        return relays[0].port

    try:
        number, key = await scene.play(house, through)
        await anyio.sleep(0.05)
        chunks = tuple(relays[0].chunks)
    finally:
        for relay in relays:
            relay.__exit__()
    ours, theirs = f"asyncauth {version('asyncauth')}", "the SSPI sockets sample, written again (sample.py)"
    we_serve = scene.name.startswith("client")
    head = (
        ("what", scene.what),
        ("client", theirs if we_serve else ours),
        ("server", ours if we_serve else theirs),
        ("realm", f"{house.realm.name}, a throw-away MIT realm"),
        ("spn", TWO_PARTS),
        ("framing", "winsock-one-shot"),
        ("protection", "SEAL"),
        ("plaintext", f"< {DATA.hex()}"),
        ("key", f"{number} {key.hex()}"),
    )
    return Capture(head, chunks)


async def record_all(realm: Realm, target: Path) -> None:
    house = house_of(realm)
    for scene in SCENES:
        capture = await record(scene, house)
        (target / f"{scene.name}.txt").write_text(capture.render(comments(capture.chunks)))


def main(target: Path = DIRECTORY) -> None:
    target.mkdir(parents=True, exist_ok=True)
    with start_realm("mit", "MIT.TEST") as realm, realm.use():
        anyio.run(partial(record_all, realm, target))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
