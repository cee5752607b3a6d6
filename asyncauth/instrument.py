"""Where the time of a handshake or a message goes, in any program.

Nothing in asyncauth measures itself, so that nothing costs anything until it is asked for. What is here is put around
the parts that a program hands in anyway: the mechanism, the policy, the stream beneath::

    times = Times()
    mechanism = Timed(Negotiate(), times)
    policy = timed_policy(Policy(authorize=allow), times)
    stream = await AuthenticatedStream.wrap(TimedStream(tcp, times), mechanism, target=spn, require=policy)
    print(times)

An observer is anything that can be called with a :class:`Measured`: :class:`Times` adds up; a histogram of a metrics
library, a span of a tracer are a line of code. It is called where the work was done, which for a step that waits for
a KDC is a thread, so it must not block, must be safe to call from several threads, and should not raise: what it
raises spoils the handshake. No token, key or name is given to it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from anyio.abc import ByteStream

from ._parts import listening
from ._phases import Clock, Measured, Observer, Phase, StepClock
from ._types import Delegation

if TYPE_CHECKING:
    from ._spn import ServicePrincipalName
    from ._types import ConnectionInfo, Policy
    from .abc import ContextInfo, Mechanism, SecurityContext, StepResult, Unwrapped

__all__ = ["Measured", "Observer", "Phase", "Timed", "TimedStream", "Times", "timed_policy"]

Bytes: TypeAlias = bytes | bytearray | memoryview


class Times:
    """An observer that adds up. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: dict[Phase, tuple[int, float, int]] = {}

    def __call__(self, measured: Measured, /) -> None:
        with self._lock:
            count, seconds, size = self._sums.get(measured.phase, (0, 0.0, 0))
            self._sums[measured.phase] = count + 1, seconds + measured.seconds, size + measured.size

    @property
    def seconds(self) -> dict[Phase, float]:
        """By phase; each is there."""
        return {phase: seconds for phase, (_, seconds, _) in self._all().items()}

    @property
    def calls(self) -> dict[Phase, int]:
        """How many, by phase; each is there."""
        return {phase: count for phase, (count, _, _) in self._all().items()}

    @property
    def bytes(self) -> dict[Phase, int]:
        """By phase; each is there."""
        return {phase: size for phase, (_, _, size) in self._all().items()}

    def clear(self) -> None:
        """Begin anew."""
        with self._lock:
            self._sums.clear()

    def __str__(self) -> str:
        sums = sorted(self._all().items())
        return ", ".join(
            f"{phase} {seconds * 1e6:,.0f} us in {count}" for phase, (count, seconds, _) in sums if count
        )

    def _all(self) -> dict[Phase, tuple[int, float, int]]:
        with self._lock:
            return {phase: self._sums.get(phase, (0, 0.0, 0)) for phase in Phase}


class Timed:
    """A mechanism whose calls are measured; everything else is the mechanism's own.

    :param mechanism: any :class:`~asyncauth.abc.Mechanism`
    """

    def __init__(self, mechanism: Mechanism, observer: Observer) -> None:
        self._mechanism = mechanism
        self._observer = observer

    @property
    def name(self) -> str:
        """The mechanism's."""
        return self._mechanism.name

    def initiate(self, target: ServicePrincipalName, policy: Policy, /) -> SecurityContext:
        context = self._mechanism.initiate(target, policy)
        return _TimedContext(context, self._observer, policy.delegation is not Delegation.NONE)

    def accept(self, policy: Policy, /) -> SecurityContext:
        return _TimedContext(self._mechanism.accept(policy), self._observer)

    def prepare_server(self) -> None:
        with Clock(self._observer, Phase.CREDENTIALS, "prepare_server"):
            self._mechanism.prepare_server()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._mechanism, name)


class TimedStream(ByteStream):
    """A byte stream, for :meth:`AuthenticatedStream.wrap`, whose waiting is measured. Cancelled, it is as ``inner``."""

    def __init__(self, inner: ByteStream, observer: Observer) -> None:
        self._inner = inner
        self._observer = observer

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        with Clock(self._observer, Phase.NETWORK, "receive") as clock:
            data = await self._inner.receive(max_bytes)
            clock.size = len(data)
        return data

    async def send(self, item: Bytes) -> None:
        with Clock(self._observer, Phase.NETWORK, "send", len(item)):
            await self._inner.send(item)  # type: ignore[arg-type]  # whatever inner takes

    async def send_eof(self) -> None:
        await self._inner.send_eof()

    async def aclose(self) -> None:
        await self._inner.aclose()

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        return self._inner.extra_attributes


def timed_policy(policy: Policy, observer: Observer) -> Policy:
    """The same policy, with the application's decision measured; itself, if there is none to take."""
    decide = policy.authorize
    if decide is None:
        return policy

    async def authorize(info: ConnectionInfo) -> object:
        with Clock(observer, Phase.POLICY, "authorize"):
            return await decide(info)

    return replace(policy, authorize=authorize)


class _TimedContext:
    def __init__(self, context: SecurityContext, observer: Observer, asks: bool = False) -> None:
        self._context = context
        self._observer = observer
        self._asks = asks
        self._waits = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    @property
    def may_wait(self) -> bool:
        with Clock(self._observer, Phase.CREDENTIALS, "may_wait"):
            self._waits = self._context.may_wait
        return self._waits

    def bind(self, channel: bytes, /) -> None:
        self._context.bind(channel)

    def step(self, token: bytes | None, /) -> StepResult:
        waits, self._waits, size = self._waits, False, len(token or b"")
        if not waits:
            with Clock(self._observer, Phase.TOKENS, "step", size):
                return self._context.step(token)
        with StepClock(self._observer, size, self._asks) as parts, listening(parts):
            return self._context.step(token)

    def info(self) -> ContextInfo:
        with Clock(self._observer, Phase.POLICY, "info"):
            return self._context.info()

    def wrap(self, data: Any, seal: bool, /) -> bytes:
        with Clock(self._observer, Phase.MESSAGES, "wrap", len(data)):
            return self._context.wrap(data, seal)

    def unwrap(self, token: Any, /) -> Unwrapped:
        with Clock(self._observer, Phase.MESSAGES, "unwrap", len(token)):
            return self._context.unwrap(token)

    def sign(self, data: bytes, /) -> bytes:
        with Clock(self._observer, Phase.MESSAGES, "sign", len(data)):
            return self._context.sign(data)

    def verify(self, data: bytes, signature: bytes, /) -> None:
        with Clock(self._observer, Phase.MESSAGES, "verify", len(data)):
            self._context.verify(data, signature)
