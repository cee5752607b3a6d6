"""The loops that asyncio's own layer runs on, and the parties that its tests need."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest

from asyncauth.mechanisms import CredentialCache, Keytab, Negotiate

from ..services import House


def eager_loop() -> asyncio.AbstractEventLoop:
    """asyncio's loop, with tasks that run at once until their first wait."""
    loop = asyncio.SelectorEventLoop()
    loop.set_task_factory(asyncio.eager_task_factory)  # type: ignore[attr-defined, unused-ignore]
    return loop


LOOPS: dict[str, dict[str, Any]] = {"asyncio": {"use_uvloop": False}, "uvloop": {"use_uvloop": True}}
if sys.version_info >= (3, 12):
    LOOPS["eager"] = {"loop_factory": eager_loop}


@pytest.fixture(params=LOOPS.values(), ids=list(LOOPS))
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """anyio's plugin only runs the tests; its exception handler makes whatever a callback raises a failure."""
    return "asyncio", request.param


@pytest.fixture(scope="session")
def alice(house: House) -> Negotiate:
    """A client's mechanism, kept as programs keep it."""
    return Negotiate(CredentialCache(house.cache))


@pytest.fixture(scope="session")
def sockauth(house: House) -> Negotiate:
    """The server's mechanism."""
    return Negotiate(Keytab(house.service.keytab))
