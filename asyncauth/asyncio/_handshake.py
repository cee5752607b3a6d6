"""The raw transport's protocol until the policy is satisfied.

It forwards between the raw transport and the engine, and adds what an engine cannot know: where a step runs, and
how long all of it may take. The application's protocol is not here yet, so it cannot see anything too early.

*Steps.* One that may wait for a KDC runs in a thread of ours; the application's decision about a client runs in a task.
Meanwhile nothing of the connection is touched: the raw transport is told to stop reading, and what it had read already
lies in the engine unlooked at.

*Ends.* Exactly one of :meth:`established` and :meth:`gone` is called, once. ``established`` comes in the same
breath as the last token, with the raw transport in the hands of whoever takes it over. ``gone`` comes when a failed
handshake has said its last words and its socket is closed; whoever fails does not leave an open socket behind.
One deadline stands over all of it, the last words included. A thread that is still waiting then is left to
itself, with a security context that nobody will use; a task is cancelled.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from functools import partial
from typing import TYPE_CHECKING, cast

from .. import _threads
from .._deadlines import Deadlines
from .._errors import AsyncAuthError, TruncatedStream
from ..engine import NEED_DATA, DecisionRequired, Established, StepRequired

if TYPE_CHECKING:
    from .._setup import Setup
    from ..engine import Connection

__all__ = ["HandshakeProtocol"]


class HandshakeProtocol(asyncio.Protocol):
    """See the head of this file.

    :param setup: this side's options
    :param engine: a fresh connection
    :param until: the deadline, by the loop's clock
    :param taken_over: the raw transport has served another protocol, which has perhaps paused its reading
    """

    __slots__ = (
        "_deadlines",
        "_deciding",
        "_done",
        "_error",
        "_raw",
        "_setup",
        "_work",
        "application_paused",
        "engine",
        "loop",
        "reading_paused",
        "until",
        "writing_blocked",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        setup: Setup,
        engine: Connection,
        until: float,
        *,
        taken_over: bool = False,
    ) -> None:
        self.loop = loop
        self.engine = engine
        self._raw: asyncio.Transport | None = None
        self.reading_paused = taken_over
        """We have stopped the raw transport's reading, or somebody may have."""
        self.writing_blocked = False
        """The raw transport has asked us to stop writing."""
        self.application_paused = False
        """It had asked the protocol before us, which has not been told to go on."""
        self._setup = setup
        self.until = until
        self._deadlines = Deadlines.of(loop)
        self._work: asyncio.Future[None] | None = None
        """A step in a thread, or the application's decision in a task."""
        self._deciding = False
        self._error: BaseException | None = None
        self._done = False

    # --- what becomes of it --------------------------------------------------------------------------------

    @abstractmethod
    def established(self) -> None:
        """The policy is satisfied; set another protocol on ``raw`` now."""

    @abstractmethod
    def gone(self, error: BaseException | None) -> None:
        """The handshake has failed and the connection is closed; None if we were told to drop it."""

    @property
    @abstractmethod
    def peer(self) -> str:
        """How to call the other side in an error."""

    # --- from the raw transport ----------------------------------------------------------------------------

    @property
    def raw(self) -> asyncio.Transport:
        """What lies below; from ``connection_made`` on."""
        assert self._raw is not None
        return self._raw

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._raw = cast("asyncio.Transport", transport)
        beneath = transport.get_extra_info
        self._setup.bind(self.engine, beneath("ssl_object"), beneath("peername"))
        self._deadlines.watch(self)
        self.begin()

    def begin(self) -> None:
        """Start, or go on with what has been received."""
        if self._work is None and not self._done and self._raw is not None:
            try:
                self._advance()
            except Exception as error:  # noqa: BLE001 - also a plug-in's own fault ends here
                self.fail(error)

    def data_received(self, data: bytes) -> None:
        self.engine.receive_data(data)
        if self.reading_paused:
            # uvloop, and asyncio of Python 3.11.2, start to read after connection_made, whatever was said in there;
            # the latter believes that it has paused, and has to be told both
            self.raw.resume_reading()
            self.raw.pause_reading()
        self.begin()

    def eof_received(self) -> bool:
        self.engine.receive_eof()
        self.begin()
        return not self.raw.get_extra_info("sslcontext")  # a TLS transport closes anyway, and warns of True

    def pause_writing(self) -> None:
        self.writing_blocked = True

    def resume_writing(self) -> None:
        if self.writing_blocked:
            self.writing_blocked = False
        else:
            self.application_paused = True

    def connection_lost(self, exc: Exception | None) -> None:
        dropped = self._done and self._error is None
        self._stop()
        self._deadlines.let_go(self)
        self.gone(None if dropped else self._error or self._lost(exc))

    # --- ends ----------------------------------------------------------------------------------------------

    def fail(self, error: BaseException) -> None:
        """Send what the engine has to say about it, and close."""
        if not self._done:
            self._error = error
            self._stop()
            self._send()
            self.raw.close()

    def drop(self) -> None:
        """Close without a word: whoever wanted this connection has gone."""
        self._stop()
        if self._raw is not None:
            self._raw.abort()

    def expire(self) -> None:
        """The deadline has come."""
        if not self._done:
            self._error = self._setup.timed_out(f"{self.peer} ({self.waiting_for})")
        self.drop()

    def _stop(self) -> None:
        self._done = True
        if self._work is not None:
            self._work.cancel()

    def _lost(self, exc: Exception | None) -> AsyncAuthError:
        error = TruncatedStream(
            f"the connection with {self.peer} was lost during the handshake: {exc or 'closed on our side'}",
            fix="look into the other end's log",
        )
        error.__cause__ = exc
        return error

    @property
    def waiting_for(self) -> str:
        """What a handshake that timed out was doing."""
        if self._work is None:
            return "waiting for the peer"
        return (
            "waiting for the application's decision"
            if self._deciding
            else "waiting for credentials or a ticket"
        )

    # --- the exchange --------------------------------------------------------------------------------------

    def _advance(self) -> None:
        event = self.engine.next_event()
        if event is NEED_DATA:
            self._send()
            self._resume_reading()
        elif isinstance(event, Established):
            self._setup.admitted(event.info)
            self._finish()
        elif isinstance(event, DecisionRequired):
            self._deciding = True
            self._wait_for(self.loop.create_task(event.ask()), event)
        else:
            assert isinstance(event, StepRequired)
            self._wait_for(asyncio.wrap_future(_threads.submit(event.run), loop=self.loop), event)

    def _finish(self) -> None:
        self._send()
        self._done = True
        self._deadlines.let_go(self)
        self.established()

    def _wait_for(self, work: asyncio.Future[None], step: StepRequired | DecisionRequired) -> None:
        self._send()
        self.pause_reading()
        self._work = work
        work.add_done_callback(partial(self._stepped, step))

    def _stepped(self, step: StepRequired | DecisionRequired, work: asyncio.Future[None]) -> None:
        self._work = None
        self._deciding = False
        if work.cancelled():
            return
        if (error := work.exception()) is None:
            self.engine.step_done(step)
            self.begin()
        else:
            self.fail(error)

    def pause_reading(self) -> None:
        if not self.reading_paused:
            self.reading_paused = True
            self.raw.pause_reading()

    def _resume_reading(self) -> None:
        if self.reading_paused:
            self.reading_paused = False
            self.raw.resume_reading()

    def _send(self) -> None:
        if (data := self.engine.data_to_send()) and not self.raw.is_closing():
            self.raw.write(data)
