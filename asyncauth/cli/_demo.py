"""``asyncauth demo``: the main job on a private realm, shown as it happens.

Everything is real: the domain controller, the entries, the tickets, the bytes on TCP. Service and client are two tasks
of this one process, each with its own credentials: the service's keytab, the client's credential cache.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import anyio
from anyio.abc import SocketAttribute

from .._errors import AuthenticationError
from .._spn import ServicePrincipalName
from ..testing import SambaRealm, start_realm
from . import _loop
from ._demo_acts import Act, StaticAct
from ._demo_directory import RnrAct, ScpAct
from ._demo_talk import Client, Service, known
from ._output import Output, reason_of

if TYPE_CHECKING:
    from .._types import Target
    from ..testing import Realm

__all__ = ["run"]


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Show it; 0 if everything went as it should."""
    if not arguments.verbose:  # that a client is refused is part of the story
        logging.getLogger("asyncauth").setLevel(logging.ERROR)
    narrator = _Narrator(output)
    with _loop.sigterm_interrupts():
        with output.progress() as tell:
            realm: Realm = start_realm(arguments.kind, progress=tell)
        with realm, realm.use():
            _introduce(realm, narrator)
            acts = [ScpAct(realm), RnrAct(realm)] if isinstance(realm, SambaRealm) else [StaticAct(realm)]
            for act in acts:
                narrator.act(act.name, act.title)
                narrator.step("prepare", "What is there before", act.prepare())
                _loop.run(partial(_perform, act, narrator))
    narrator.end()
    return 0


class _Narrator:
    """Tells the steps, with the time each has taken."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._begun = self._last = time.monotonic()
        self._act: str | None = None
        self._number = 0

    def act(self, name: str, title: str) -> None:
        self._act, self._number = name, 0
        self._output.event("act", act=name, title=title)
        self._output.line()
        self._output.line(f"== {title} ==", "bold")

    def step(self, name: str, title: str, facts: Mapping[str, object]) -> None:
        now = time.monotonic()
        took, self._last = now - self._last, now
        self._output.event("step", act=self._act, step=name, title=title, seconds=round(took, 4), facts=facts)
        self._number += 1
        number = f"{self._number}. " if self._act else ""
        self._output.line(f"{number}{title}  ({took:.3f} s)", "bold cyan")
        self._output.rows(facts, indent="    ")

    def end(self) -> None:
        seconds = time.monotonic() - self._begun
        self._output.event("done", seconds=round(seconds, 3))
        self._output.line()
        self._output.line(f"Done in {seconds:.1f} s; nothing is left of the realm.", "bold")


def _introduce(realm: Realm, narrator: _Narrator) -> None:
    lacking = SambaRealm.missing() if realm.kind == "mit" else None
    kind = "an Active Directory domain (Samba)" if realm.kind == "ad" else "an MIT realm, without a directory"
    narrator.step("realm", f"A private realm is up: {kind}", {
        "realm": realm.name,
        "address": f"{realm.address}, and nothing else listens there",
        "client": f"{realm.users['alice'].principal}, with a ticket in her cache",
        **({"for AD": str(lacking)} if lacking else {}),
    })  # fmt: skip
    realm.add_service("impostor", f"ADSockAuth/impostor.{realm.domain}")


async def _perform(act: Act, narrator: _Narrator) -> None:
    try:
        await _published(act, narrator)
    finally:
        await act.aclose()


async def _published(act: Act, narrator: _Narrator) -> None:
    listener = await anyio.create_tcp_listener(local_host=act.realm.address)
    port = listener.extra(SocketAttribute.local_port)
    narrator.step("publish", *await act.publish(port))
    spn, title, facts = await act.register()
    narrator.step("register", title, facts)
    service = Service(act.framing)
    keytab = await act.keytab(spn)
    async with service.serving(listener, keytab, spn):
        narrator.step("listen", "The service starts, with its account's key", {
            "listening": f"{act.realm.address}:{port}",
            "keytab": str(keytab),
            "for": str(spn),
        })  # fmt: skip
        target = await _located(act, narrator)
        await _talk(act, narrator, service, target)
        await _refused(act, narrator, service, target)
    narrator.step("withdraw", *await act.withdraw())


async def _located(act: Act, narrator: _Narrator) -> Target:
    target = (await act.locate())[0]
    narrator.step("locate", f"alice, who knows only {act.wanted!r}, looks for it", {
        "place": f"{target.host}:{target.port}, {target.address}",
        "from": target.source,
        "SPN composed": str(target.spn),
    })  # fmt: skip
    return target


async def _talk(act: Act, narrator: _Narrator, service: Service, target: Target) -> None:
    client = Client(act.framing, act.realm.env["KRB5CCNAME"])
    stream, facts = await client.connect(target)
    facts["the service knows"] = known(service.clients[-1])
    narrator.step("authenticate", "They connect and authenticate each other", facts)
    narrator.step("talk", "They talk, sealed", await client.talk(stream))


async def _refused(act: Act, narrator: _Narrator, service: Service, target: Target) -> None:
    """The same place, but a ticket for another account's SPN: as if an impostor were listening there."""
    spn = ServicePrincipalName.parse(act.realm.services["impostor"].spns[0])
    reason = await Client(act.framing, act.realm.env["KRB5CCNAME"]).refused(replace(target, spn=spn))
    if reason is None or not service.refusals:
        raise AuthenticationError(f"a service without the key of {spn} was taken for it")
    narrator.step("refuse", "Whoever does not hold the key of the SPN asked for is refused", {
        "SPN asked for": str(spn),
        "the client": reason,
        "the service": reason_of(service.refusals[-1]),
    })  # fmt: skip
