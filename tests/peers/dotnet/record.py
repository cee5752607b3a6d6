"""Record the conversations in ``tests/vectors/dotnet``: ``python -m tests.peers.dotnet.record [DIRECTORY]``.

Each is a short conversation of one .NET and us in a realm that is gone afterwards: its tickets, and what is encrypted
under their keys, mean nothing to anybody. No key is written down.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import anyio

from asyncauth import Protection
from asyncauth.testing import SambaRealm, start_realm

from ...layers import LAYERS
from ...services import OTHERS, TWO_PARTS, house_of
from ...vectors.capture import Capture
from .meeting import LEVELS, Meeting, Outcome, outcome, pattern
from .program import DotNet
from .reading import Tap, comments
from .runtime import PEERS, command

DIRECTORY = Path(__file__).parents[2] / "vectors" / "dotnet"
NONE, SIGN, SEAL = Protection
SIZE = 20
"""Bytes that each side says."""

Play = Callable[[Meeting, Tap], Awaitable[Any]]


class Scene(NamedTuple):
    """What is recorded.

    :param peers: with which kinds of .NET
    :param we_serve: ours is the server
    """

    name: str
    peers: tuple[str, ...]
    we_serve: bool
    what: str
    play: Play
    spn: str = TWO_PARTS
    protection: Protection | None = SEAL
    says: tuple[tuple[str, bytes], ...] = ()


def talk(direction: str, require: Protection) -> Play:
    """Each side says something, then we mark our end, and .NET closes."""

    async def play(meeting: Meeting, tap: Tap) -> None:
        async with meeting.conversation(direction, tap.through, LEVELS[require], require=require) as (
            mine,
            theirs,
        ):
            await theirs.write(SIZE, seed=1)
            assert await mine.receive_exactly(SIZE) == pattern(1, SIZE)
            await mine.send(pattern(2, SIZE))
            assert (await theirs.read(SIZE, seed=2))["same"]
            await mine.send_eof()
            assert (await theirs.read(1, sync=1))["ended"]

    return play


async def empty_write(meeting: Meeting, tap: Tap) -> None:
    async with meeting.conversation("our_server", tap.through) as (_, theirs):
        await theirs.write(0)
        await theirs.write(SIZE, seed=1)


async def they_refuse(meeting: Meeting, tap: Tap) -> None:
    await meeting.refused_with_their_server({}, through=tap.through, require=SIGN)


async def they_refuse_the_ticket(meeting: Meeting, tap: Tap) -> None:
    await meeting.refused_with_their_server({}, through=tap.through, spn=OTHERS)


async def we_refuse_the_ticket(meeting: Meeting, tap: Tap) -> None:
    await meeting.refused_by_our_server({}, through=tap.through, spn=OTHERS)


async def they_fail_at_once(meeting: Meeting, tap: Tap) -> None:
    await meeting.refused_by_our_server({}, through=tap.through, spn="Nobody/localhost")


async def we_refuse_ntlm(meeting: Meeting, tap: Tap) -> None:
    hers = {"level": "None", "user": "carol", "password": "not asked for", "domain": "EXAMPLE"}
    await meeting.refused_by_our_server({}, through=tap.through, **hers)


BOTH = ("net31", "net80")
CLIENT_SAYS = ((">", pattern(1, SIZE)), ("<", pattern(2, SIZE)))
SERVER_SAYS = ((">", pattern(2, SIZE)), ("<", pattern(1, SIZE)))
SCENES = (
    Scene("client_sealed", (*BOTH, "net80managed"), True, "sealed data both ways, then our marked end",
          talk("our_server", SEAL), says=CLIENT_SAYS),
    Scene("server_sealed", BOTH, False, "sealed data both ways, our marked end after it",
          talk("our_client", SEAL), says=SERVER_SAYS),
    Scene("server_signed", BOTH, False, "signed data both ways, our marked end after it",
          talk("our_client", SIGN), protection=SIGN, says=SERVER_SAYS),
    Scene("server_unprotected", BOTH, False, "Kerberos without protection of messages: data as it is",
          talk("our_client", NONE), protection=NONE, says=SERVER_SAYS),
    Scene("server_refuses_level", BOTH, False, "the server requires EncryptAndSign, the client asks to sign",
          they_refuse, protection=None),
    Scene("server_refuses_ticket", BOTH, False, "the server has no key for the ticket",
          they_refuse_the_ticket, OTHERS, None),
    Scene("client_refused_ticket", BOTH, True, "our server has no key for the ticket",
          we_refuse_the_ticket, OTHERS, None),
    Scene("client_fails", BOTH, True, "the client gets no ticket and says so in place of a token",
          they_fail_at_once, "Nobody/localhost", None),
    Scene("client_refused_ntlm", ("net80managed",), True, "ProtectionLevel.None: NTLM, which our server refuses",
          we_refuse_ntlm, protection=None),
    Scene("client_empty_write", ("net31",), True, "the client writes no byte, and then some: an empty message",
          empty_write, says=((">", b""), (">", pattern(1, SIZE)))),
)  # fmt: skip


async def record(scene: Scene, meeting: Meeting) -> Capture:
    """Play a scene through a relay."""
    dotnet, ours = (
        f"{PEERS[meeting.name].name} ({meeting.dotnet.version})",
        f"asyncauth {version('asyncauth')}",
    )
    with ExitStack() as stack:
        tap, played = Tap(stack), Outcome()
        await outcome(played, lambda: scene.play(meeting, tap))
        if played.error is not None:
            raise played.error
        await anyio.sleep(0.05)
        chunks = tuple(tap.relay.chunks)
    head = [
        ("what", scene.what),
        ("client", dotnet if scene.we_serve else ours),
        ("server", ours if scene.we_serve else dotnet),
        ("realm", f"{meeting.house.realm.name}, a throw-away Samba AD domain"),
        ("spn", scene.spn),
        ("framing", "nns"),
        ("protection", scene.protection.name if scene.protection is not None else "none reached"),
        *(("plaintext", f"{sender} {data.hex()}".rstrip()) for sender, data in scene.says),
    ]
    return Capture(tuple(head), chunks)


async def record_all(realm: SambaRealm, work: Path, target: Path) -> None:
    house = house_of(realm)
    for name, peer in PEERS.items():
        home = work / name
        home.mkdir()
        dotnet = DotNet(command(peer, work), home, {"PATH": os.environ["PATH"], **realm.env})
        dotnet.give(house.cache, house.service.keytab)
        meeting = Meeting(name, dotnet, LAYERS["anyio"][0], house)
        for scene in SCENES:
            if name in scene.peers:
                capture = await record(scene, meeting)
                notes = comments(capture.chunks, framed=scene.protection is not NONE)
                (target / f"{name}_{scene.name}.txt").write_text(capture.render(notes))
        dotnet.close()


def main(target: Path = DIRECTORY) -> None:
    target.mkdir(parents=True, exist_ok=True)
    with start_realm("ad", "EXAMPLE.TEST") as realm, realm.use(), tempfile.TemporaryDirectory() as work:
        assert isinstance(realm, SambaRealm)
        anyio.run(record_all, realm, Path(work), target)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
