"""What passes between an engine and the stream beneath before the connection is open, and when it closes."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import anyio
from anyio import BrokenResourceError, BusyResourceError, ClosedResourceError, EndOfStream
from anyio.lowlevel import cancel_shielded_checkpoint

from .._errors import AsyncAuthError
from .._offload import in_thread
from ..engine import NEED_DATA, DecisionRequired, EndOfData, Established, StepRequired
from ._sockets import prompt_of
from ._turns import turn_over

if TYPE_CHECKING:
    from anyio.abc import ByteStream

    from .._types import ConnectionInfo
    from ..engine import Connection

__all__ = ["close", "exchange_tokens", "last_words", "receive_into", "receive_ready"]

_READ_BYTES = 131_072
_LAST_WORDS_SECONDS = 1.0


async def exchange_tokens(inner: ByteStream, connection: Connection) -> ConnectionInfo:
    """Carry out the handshake; a failed one has said its last words when it raises."""
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, StepRequired):
                await in_thread(event.run)
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
        if (prompt := prompt_of(inner)) is None:
            connection.receive_data(await inner.receive(_READ_BYTES))
            return
        await prompt.readable()
        while (data := prompt.receive_at_once(_READ_BYTES)) is None:
            await prompt.readable()
        connection.receive_data(data)
    except EndOfStream:
        connection.receive_eof()


def receive_ready(inner: ByteStream, connection: Connection) -> bool:
    """Feed the engine with what has come already. False if nothing has, or if one has to wait to know."""
    if (prompt := prompt_of(inner)) is None or (data := prompt.receive_at_once(_READ_BYTES)) is None:
        return False
    connection.receive_data(data)
    return True


async def last_words(inner: ByteStream, data: bytes, connection: Connection) -> None:
    """Send ``data``, and wait for the answers that the peer still owes; for a second, and come what may."""
    try:
        unsent = _unsent(inner, data)
        if unsent is not None or connection.unanswered:
            with anyio.move_on_after(_LAST_WORDS_SECONDS):
                await _finish(inner, unsent, connection)
    except (AsyncAuthError, BrokenResourceError, BusyResourceError, ClosedResourceError):
        return


async def close(inner: ByteStream) -> None:
    """Close it, if possible without a turn of the loop."""
    if (prompt := prompt_of(inner)) is not None and prompt.close_at_once():
        if turn_over(0):
            await cancel_shielded_checkpoint()
        return
    with suppress(OSError):  # a TLS stream's ssl.SSLError, when the peer's own farewell crosses this one
        await inner.aclose()


async def _finish(inner: ByteStream, unsent: bytes | None, connection: Connection) -> None:
    if unsent is not None:
        await inner.send(unsent)
    while connection.unanswered:
        event = connection.next_event()
        if isinstance(event, EndOfData) or not connection.unanswered:
            break
        if event is NEED_DATA:
            await receive_into(inner, connection)


async def _send_pending(inner: ByteStream, connection: Connection) -> None:
    unsent = _unsent(inner, connection.data_to_send())
    if unsent is not None:
        await inner.send(unsent)


def _unsent(inner: ByteStream, data: bytes) -> bytes | None:
    """What there is to send by waiting, perhaps for no more than the system's having taken it; None for nothing.

    A prompt stream takes the rest now. That is no checkpoint: each exchange has one where it waits for the peer.
    """
    if not data:
        return None
    if (prompt := prompt_of(inner)) is None:
        return data
    prompt.send_at_once(data)
    return b"" if prompt.full else None
