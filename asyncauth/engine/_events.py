"""What :meth:`Connection.next_event` can say."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from .._errors import MechanismError

if TYPE_CHECKING:
    from .._types import ConnectionInfo
    from ..abc import SecurityContext, StepResult

__all__ = [
    "NEED_DATA",
    "PAUSED",
    "DataReceived",
    "DecisionRequired",
    "EndOfData",
    "Established",
    "Event",
    "StepRequired",
]


class _Signal(Enum):
    NEED_DATA = "need data"
    PAUSED = "paused"


NEED_DATA = _Signal.NEED_DATA
"""Nothing to tell before more bytes have come from the peer."""

PAUSED = _Signal.PAUSED
"""A step or decision is under way; nothing to tell before its ``step_done``."""


class StepRequired:
    """The security context has a step to do that may wait for a KDC, DNS or a file. Call :meth:`run` in a thread, and
    then give the object to :meth:`Connection.step_done` on the loop."""

    __slots__ = ("_context", "_token", "error", "result")

    def __init__(self, context: SecurityContext, token: bytes | None) -> None:
        self._context = context
        self._token = token
        self.result: StepResult | None = None
        self.error: MechanismError | None = None

    def run(self) -> None:
        """Do the step. Touches the context and nothing else of the connection; raises nothing that the
        mechanism says, but keeps it for the connection."""
        try:
            self.result = self._context.step(self._token)
        except MechanismError as error:
            self.error = error


class DecisionRequired:
    """The client is authenticated, and the application wants to decide whether to let it in. Await :meth:`ask`, under
    the handshake's deadline, and then give the object to :meth:`Connection.step_done`."""

    __slots__ = ("_authorize", "error", "info", "verdict")

    def __init__(
        self, info: ConnectionInfo, authorize: Callable[[ConnectionInfo], Awaitable[object]]
    ) -> None:
        self.info = info
        self._authorize = authorize
        self.verdict: object = None
        """What the application said; false in a condition is no."""
        self.error: Exception | None = None
        """Or what it raised."""

    async def ask(self) -> None:
        """Call the application. Raises nothing but what cancels it; cancelled, there is no verdict, which is no."""
        try:
            self.verdict = await self._authorize(self.info)
        except Exception as error:  # noqa: BLE001 - whatever it is, it was not a yes
            self.error = error


class Established(NamedTuple):
    """The handshake is done and the policy satisfied: application data may pass, from now on."""

    info: ConnectionInfo


class DataReceived(NamedTuple):
    """Plaintext from the peer; never empty."""

    data: bytes


class EndOfData(NamedTuple):
    """The peer will send no more."""

    marked: bool
    """True if the peer said so under protection, False if merely the byte stream ended."""


Event: TypeAlias = StepRequired | DecisionRequired | Established | DataReceived | EndOfData | _Signal
