"""What a closed connection leaves behind: nothing that only a search for cycles would find."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

import pytest

from asyncauth.asyncio import create_connection
from asyncauth.testing import ScriptedMechanism

from ..services import House
from .tools import SCRIPTED, Recorder, serving, until

pytestmark = pytest.mark.anyio


async def test_a_closed_connection_is_gone_without_the_collector(house: House) -> None:
    """With it go keys and security context. (An error that ended it holds it by its traceback.)"""
    mechanism, servers = ScriptedMechanism(), list[Recorder]()

    def factory() -> Recorder:
        servers.append(Recorder())
        return servers[-1]

    async with serving(factory, mechanism) as run:
        gc.collect()
        gc.disable()
        try:
            _, client = await create_connection(Recorder, house.target(run.port, SCRIPTED), mechanism)
            await until(lambda: servers and servers[0].transport)
            ends: list[Any] = [client, servers[0]]
            engines = [weakref.ref(end.transport._session.engine) for end in ends]
            client.transport.close()
            await until(lambda: all(end.lost for end in ends))
            transports = [end.transport for end in ends]
            assert not any(transport.is_reading() for transport in transports)
            for transport in transports:  # a lost connection's transport goes on answering
                transport.pause_reading()
                transport.resume_reading()
                transport.set_write_buffer_limits(100)
                assert transport.get_write_buffer_limits() == (25, 100)
                transport.write(b"too late")
                transport.close()
            del transport, transports
            for end in ends:
                end.transport = None
            for _ in range(3):
                await asyncio.sleep(0)
            assert [engine() for engine in engines] == [None, None]
        finally:
            gc.enable()
