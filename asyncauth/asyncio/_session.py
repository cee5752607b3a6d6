"""What the parts of an authenticated connection have in common: what it lies between, and calls of others' code.

``_inbound`` and ``_outbound`` are its two directions, ``_transport`` what the application holds; they know the
connection by what is here. ``_protocol`` puts them together, and decides how it ends.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from .._errors import AsyncAuthError

if TYPE_CHECKING:
    from ..engine import Connection

__all__ = ["Session"]

P = ParamSpec("P")
T = TypeVar("T")


class Session(asyncio.Protocol):
    """See the head of this file.

    :param raw: what lies below
    :param engine: an established one
    :param app: the application's protocol
    """

    __slots__ = ("_error", "app", "closed", "closing", "engine", "loop", "raw")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        raw: asyncio.Transport,
        engine: Connection,
        app: asyncio.BaseProtocol,
    ) -> None:
        self.loop = loop
        self.raw = raw
        self.engine = engine
        self.app: asyncio.BaseProtocol | None = app
        self.closing = False
        """The application is done with this connection, or it has failed."""
        self.closed = False
        """Nothing goes to the raw transport any more."""
        self._error: BaseException | None = None

    # --- how it goes on ------------------------------------------------------------------------------------

    @abstractmethod
    def end_of_data(self) -> None:
        """The peer has marked its end."""

    @abstractmethod
    def unchoked(self) -> None:
        """Answers that could not go out have gone, so that more may be opened."""

    @abstractmethod
    def close(self) -> None:
        """Send what was written, mark the end, and hang up."""

    @abstractmethod
    def hang_up(self) -> None:
        """Close the raw transport, after all that the peer is owed and owes."""

    @abstractmethod
    def abort(self) -> None:
        """Close at once."""

    def fail(self, error: BaseException) -> None:
        """End the connection because of ``error``; the first one counts."""
        if self._error is None:
            self._error = error
        self.abort()

    # --- calls that may raise ------------------------------------------------------------------------------

    def guard(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Call the engine; if it raises, the connection fails and None is returned."""
        try:
            return call(*args, **kwargs)
        except AsyncAuthError as error:
            self.fail(error)
        except Exception as error:  # noqa: BLE001 - a plug-in's own fault
            self._report("Fatal error: the security context or framing failed", error)
            self.fail(error)
        return None

    def call(self, name: str, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Call the application's ``name``; if it raises, the connection fails, as in asyncio, with None returned."""
        try:
            return call(*args, **kwargs)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001 - what asyncio catches, too
            self._failed_call(name, error)
        return None

    def deliver(self, data: bytes) -> None:
        """:meth:`call` for the one that is called most."""
        try:
            self.app.data_received(data)  # type: ignore[union-attr]
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001
            self._failed_call("data_received", error)

    def notify(self, method: str) -> None:
        """Call ``pause_writing`` or ``resume_writing`` of the application; an exception is reported and no more."""
        try:
            getattr(self.app, method)()
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001
            self._report(f"protocol.{method}() failed", error)

    def _failed_call(self, name: str, error: BaseException) -> None:
        self._report(f"Fatal error: protocol.{name}() call failed.", error)
        self.fail(error)

    @abstractmethod
    def _report(self, message: str, error: BaseException) -> None:
        """Tell the loop's exception handler."""
