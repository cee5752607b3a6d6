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
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from anyio.abc import ByteStream

if TYPE_CHECKING:
    from ._spn import ServicePrincipalName
    from ._types import ConnectionInfo, Policy
    from .abc import ContextInfo, Mechanism, SecurityContext, StepResult, Unwrapped

__all__ = ["Measured", "Observer", "Phase", "Timed", "TimedStream", "Times", "timed_policy"]

Bytes: TypeAlias = bytes | bytearray | memoryview


class Phase(StrEnum):
    """What the time went into."""

    CREDENTIALS = "credentials"
    """A step that may wait, in a thread: credentials are acquired, and the KDC is asked for a ticket if there is
    none yet. Its token is part of it. Also looking whether they are at hand, and reading a server's keys."""
    TOKENS = "tokens"
    """Every other step of the security context."""
    POLICY = "policy"
    """Reading what the context has reached, and the application's ``authorize``."""
    NETWORK = "network"
    """Sending, and waiting for the peer and its bytes."""
    MESSAGES = "messages"
    """Sealing, opening, signing, verifying."""


class Measured(NamedTuple):
    """One call."""

    phase: Phase
    call: str
    """``step``, ``wrap``, ``receive``: the method's name."""
    seconds: float
    size: int
    """Bytes given to it or, for ``receive``, had from it: of a token, a message, a piece of the stream."""


Observer: TypeAlias = Callable[[Measured], object]


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
        with self._lock:
            return {phase: self._sums.get(phase, (0, 0.0, 0))[1] for phase in Phase}

    @property
    def calls(self) -> dict[Phase, int]:
        """How many, by phase; each is there."""
        with self._lock:
            return {phase: self._sums.get(phase, (0, 0.0, 0))[0] for phase in Phase}

    @property
    def bytes(self) -> dict[Phase, int]:
        """By phase; each is there."""
        with self._lock:
            return {phase: self._sums.get(phase, (0, 0.0, 0))[2] for phase in Phase}

    def clear(self) -> None:
        """Begin anew."""
        with self._lock:
            self._sums.clear()

    def __str__(self) -> str:
        with self._lock:
            sums = sorted(self._sums.items())
        return ", ".join(f"{phase} {seconds * 1e6:,.0f} us in {count}" for phase, (count, seconds, _) in sums)


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
        return _TimedContext(self._mechanism.initiate(target, policy), self._observer)

    def accept(self, policy: Policy, /) -> SecurityContext:
        return _TimedContext(self._mechanism.accept(policy), self._observer)

    def prepare_server(self) -> None:
        with _Clock(self._observer, Phase.CREDENTIALS, "prepare_server"):
            self._mechanism.prepare_server()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._mechanism, name)


class TimedStream(ByteStream):
    """A byte stream, for :meth:`AuthenticatedStream.wrap`, whose waiting is measured. Cancelled, it is as ``inner``."""

    def __init__(self, inner: ByteStream, observer: Observer) -> None:
        self._inner = inner
        self._observer = observer

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        with _Clock(self._observer, Phase.NETWORK, "receive") as clock:
            data = await self._inner.receive(max_bytes)
            clock.size = len(data)
        return data

    async def send(self, item: Bytes) -> None:
        with _Clock(self._observer, Phase.NETWORK, "send", len(item)):
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
        with _Clock(observer, Phase.POLICY, "authorize"):
            return await decide(info)

    return replace(policy, authorize=authorize)


class _Clock:
    """Reports a call, also one that raises or is cancelled."""

    __slots__ = ("_begun", "_call", "_observer", "_phase", "size")

    def __init__(self, observer: Observer, phase: Phase, call: str, size: int = 0) -> None:
        self._observer = observer
        self._phase = phase
        self._call = call
        self.size = size

    def __enter__(self) -> _Clock:
        self._begun = time.perf_counter()
        return self

    def __exit__(self, *error: object) -> None:
        self._observer(Measured(self._phase, self._call, time.perf_counter() - self._begun, self.size))


class _TimedContext:
    def __init__(self, context: SecurityContext, observer: Observer) -> None:
        self._context = context
        self._observer = observer
        self._waits = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    @property
    def may_wait(self) -> bool:
        with _Clock(self._observer, Phase.CREDENTIALS, "may_wait"):
            self._waits = self._context.may_wait
        return self._waits

    def bind(self, channel: bytes, /) -> None:
        self._context.bind(channel)

    def step(self, token: bytes | None, /) -> StepResult:
        phase = Phase.CREDENTIALS if self._waits else Phase.TOKENS
        self._waits = False
        with _Clock(self._observer, phase, "step", len(token or b"")):
            return self._context.step(token)

    def info(self) -> ContextInfo:
        with _Clock(self._observer, Phase.POLICY, "info"):
            return self._context.info()

    def wrap(self, data: Any, seal: bool, /) -> bytes:
        with _Clock(self._observer, Phase.MESSAGES, "wrap", len(data)):
            return self._context.wrap(data, seal)

    def unwrap(self, token: Any, /) -> Unwrapped:
        with _Clock(self._observer, Phase.MESSAGES, "unwrap", len(token)):
            return self._context.unwrap(token)

    def sign(self, data: bytes, /) -> bytes:
        with _Clock(self._observer, Phase.MESSAGES, "sign", len(data)):
            return self._context.sign(data)

    def verify(self, data: bytes, signature: bytes, /) -> None:
        with _Clock(self._observer, Phase.MESSAGES, "verify", len(data)):
            self._context.verify(data, signature)
