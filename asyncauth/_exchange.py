"""What passes between an engine and the stream beneath before the connection is open, and when it closes."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import anyio
from anyio import BrokenResourceError, BusyResourceError, ClosedResourceError, EndOfStream

from ._errors import AsyncAuthError
from ._offload import in_thread
from ._sockets import TransportStream
from .engine import NEED_DATA, DecisionRequired, EndOfData, Established, StepRequired

if TYPE_CHECKING:
    from anyio.abc import ByteStream

    from ._types import ConnectionInfo
    from .engine import Connection

__all__ = ["exchange_tokens", "last_words", "receive_into"]

_READ_BYTES = 131_072
_LAST_WORDS_SECONDS = 1.0


async def exchange_tokens(inner: ByteStream, connection: Connection) -> ConnectionInfo:
    """Carry out the handshake; a failed one has said its last words when it raises."""
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, StepRequired):
                await _step(event)
                connection.step_done(event)
            elif isinstance(event, DecisionRequired):
                await event.ask()
                connection.step_done(event)
            elif isinstance(event, Established):
                await _send_pending(inner, connection)
                return event.info
            elif event is NEED_DATA:
                await _send_pending(inner, connection)
                await receive_into(inner, connection)
    except AsyncAuthError:
        await last_words(inner, connection.data_to_send(), connection)
        raise


async def receive_into(inner: ByteStream, connection: Connection) -> None:
    """Feed the engine with what comes next, be it the end."""
    try:
        connection.receive_data(await inner.receive(_READ_BYTES))
    except EndOfStream:
        connection.receive_eof()


async def last_words(inner: ByteStream, data: bytes, connection: Connection) -> None:
    """Send ``data``, and wait for the answers that the peer still owes; for a second, and come what may."""
    with suppress(AsyncAuthError, BrokenResourceError, BusyResourceError, ClosedResourceError):
        unsent = _unsent(inner, data)
        if unsent is not None or connection.unanswered:
            with anyio.move_on_after(_LAST_WORDS_SECONDS):
                await _finish(inner, unsent, connection)


async def _finish(inner: ByteStream, unsent: bytes | None, connection: Connection) -> None:
    if unsent is not None:
        await inner.send(unsent)
    while connection.unanswered:
        event = connection.next_event()
        if isinstance(event, EndOfData) or not connection.unanswered:
            break
        if event is NEED_DATA:
            await receive_into(inner, connection)


async def _step(step: StepRequired) -> None:
    if step.may_wait:
        await in_thread(step.run)
    else:
        step.run()


async def _send_pending(inner: ByteStream, connection: Connection) -> None:
    unsent = _unsent(inner, connection.data_to_send())
    if unsent is not None:
        await inner.send(unsent)


def _unsent(inner: ByteStream, data: bytes) -> bytes | None:
    """What there is to send by waiting, perhaps for no more than the system's having taken it; None for nothing.

    A stream of ours takes the rest now. That is no checkpoint: each exchange has one where it waits for the peer.
    """
    if not data:
        return None
    if not isinstance(inner, TransportStream):
        return data
    return None if inner.send_at_once(data) else b""
