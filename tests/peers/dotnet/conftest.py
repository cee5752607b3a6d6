"""The .NET programs, started once, and whom they meet."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from asyncauth import MechanismUnavailable
from asyncauth.testing import Realm
from asyncauth.testing.plugin import without

from ...conftest import BACKENDS
from ...layers import LAYERS
from ...services import House
from .meeting import Meeting
from .program import DotNet
from .reading import Tap
from .runtime import PEERS, command

MEETINGS = [
    ("net31", "anyio"),
    ("net31", "asyncio"),
    *(("net80", layer) for layer in LAYERS),
    ("net80managed", "anyio"),
]
"""Every layer and loop with the newer .NET; what differs between .NETs is not a matter of loops."""

StartDotNet = Callable[[str], DotNet]


@pytest.fixture(scope="session")
def start_dotnet(
    ad_realm: Realm, house: House, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StartDotNet]:
    """Our program in the realm, as alice and with the service's key, by the peer's name; one process each."""
    directory = tmp_path_factory.mktemp("dotnet")
    running: dict[str, DotNet] = {}

    def start(name: str) -> DotNet:
        if name not in running:
            try:
                line = command(PEERS[name], directory)
            except MechanismUnavailable as missing:
                without(str(missing))
            home = directory / name
            home.mkdir()
            running[name] = DotNet(line, home, {"PATH": os.environ["PATH"], **ad_realm.env})
            running[name].give(house.cache, house.service.keytab)
        return running[name]

    yield start
    for program in running.values():
        program.close()


@pytest.fixture(params=MEETINGS, ids="-".join)
def who(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The peer's name and our layer's."""
    pair: tuple[str, str] = request.param
    return pair


@pytest.fixture
def anyio_backend(who: tuple[str, str]) -> Any:
    return BACKENDS[LAYERS[who[1]][1]]


@pytest.fixture
def meeting(who: tuple[str, str], start_dotnet: StartDotNet, house: House) -> Meeting:
    return Meeting(who[0], start_dotnet(who[0]), LAYERS[who[1]][0], house)


@pytest.fixture
def tap() -> Iterator[Tap]:
    """What goes over the wire."""
    with ExitStack() as stack:
        yield Tap(stack)


@pytest.fixture(params=["our_server", "our_client"])
def direction(request: pytest.FixtureRequest) -> str:
    """Which end we are."""
    end: str = request.param
    return end
