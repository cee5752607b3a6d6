"""A KDC that answers late or never, in front of the real one.

It is a TCP port that passes each question on to the realm's KDC, and the answer back when as much time has gone by as
it is told. A krb5.conf of its own names it in the KDC's place, for the processes that are started with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Self

import anyio
from anyio import BrokenResourceError, IncompleteRead
from anyio.abc import SocketAttribute, TaskStatus
from anyio.from_thread import BlockingPortal, start_blocking_portal
from anyio.streams.buffered import BufferedByteReceiveStream

from ._common import HOST, BenchmarkError

if TYPE_CHECKING:
    from anyio.abc import ByteReceiveStream, SocketStream

    from ._place import Place

__all__ = ["SlowKdc"]

_KDC = re.compile(r"(?m)^(\s*kdc = )(\S+):(\d+)$")
_LENGTH = 4
"""Bytes of a message's length on TCP (RFC 4120 7.2.2)."""
_AT_ONCE = 4
"""Questions to the real KDC; MIT's listens with a backlog of 5, beyond which connecting takes a second longer."""


class SlowKdc:
    """See the head of this file. A context manager; it passes on at once what it is not told to delay."""

    asked = 0
    """Questions that have come until now."""

    def __init__(self, place: Place) -> None:
        text = place.realm.config.read_text()
        found = _KDC.search(text)
        if found is None:
            raise BenchmarkError(f"{place.realm.config} names no KDC")
        self._text = text
        self._kdc = found[2], int(found[3])
        self._path = place.folder / "slow-kdc.conf"
        self._delay: float | None = 0.0
        self._few = anyio.CapacityLimiter(_AT_ONCE)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._portal: BlockingPortal = self._stack.enter_context(start_blocking_portal())
        self._end = self._portal.call(anyio.Event)
        serving, port = self._portal.start_task(self._serve)
        self._stack.callback(serving.cancel)
        self._path.write_text(_KDC.sub(rf"\g<1>{HOST}:{port}", self._text))
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    @property
    def environment(self) -> dict[str, str]:
        """For a process that is to have this KDC."""
        return {"KRB5_CONFIG": str(self._path)}

    @contextmanager
    def answering(self, delay: float | None) -> Iterator[None]:
        """Wait before each answer until the context ends; whoever waits then is turned away.

        :param delay: seconds; None for ever
        """
        self._delay = delay
        try:
            yield
        finally:
            self._delay = 0.0
            self._end, waiting = self._portal.call(anyio.Event), self._end
            self._portal.call(waiting.set)

    async def _serve(self, *, task_status: TaskStatus[int]) -> None:
        listener = await anyio.create_tcp_listener(local_host=HOST)
        async with listener:
            task_status.started(listener.extra(SocketAttribute.local_port))
            await listener.serve(self._handle)

    async def _handle(self, client: SocketStream) -> None:
        async with client:
            try:
                question = await _message(client)
                self.asked += 1
                await self._answer(question, client)
            except (BrokenResourceError, IncompleteRead, OSError):
                return  # one of the two has gone; the other will notice

    async def _answer(self, question: bytes, client: SocketStream) -> None:
        end, delay = self._end, self._delay
        if delay is None:
            await end.wait()
            return
        due = anyio.current_time() + delay
        answer = await self._asked(question)
        with anyio.CancelScope(deadline=due):
            await end.wait()
        if not end.is_set():
            await client.send(answer)

    async def _asked(self, question: bytes) -> bytes:
        async with self._few, await anyio.connect_tcp(*self._kdc) as kdc:
            await kdc.send(question)
            return await _message(kdc)


async def _message(stream: ByteReceiveStream) -> bytes:
    reading = BufferedByteReceiveStream(stream)
    length = await reading.receive_exactly(_LENGTH)
    return length + await reading.receive_exactly(int.from_bytes(length, "big"))
