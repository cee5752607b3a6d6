"""A mechanism that does what it is told: for faults that no KDC can be brought to make.

It is not secure and does not pretend to be: the key is a constant. Everything else behaves like the real ones:
tokens on both sides, sequence numbers, integrity, sealed and signed messages, refusal with or without a token,
steps that wait. Use it beside the real thing, not in place of it.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .._bindings import Bound
from .._errors import IntegrityError, MechanismError
from .._spn import ServicePrincipalName
from .._types import Peer, Protection
from ..abc import ContextInfo, StepResult, Unwrapped

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._types import Policy

__all__ = ["ScriptedMechanism"]

_KEY = b"asyncauth.testing"
_MAC_BYTES = 16
_HEADER_BYTES = 10


@dataclass
class ScriptedMechanism:
    """Makes contexts that reach exactly what is written here.

    :param tokens: tokens exchanged in all, the client's first; 2 is Kerberos
    :param reaches: what each complete context says it has reached
    :param mechanism: the mechanism it claims to have used
    :param mutual: whether it claims that the server was authenticated
    :param peer: whom the server sees
    :param sends_bindings: whether the server finds its client to have sent channel bindings, its channel's own
    :param asked_for: the SPN that the server finds in the client's token; with bindings that is proven
    :param fails_at: the number of the step, from 0 and counted on each side, that is refused
    :param error_token: the token that goes with the refusal
    :param waits: what each step says of itself: that it may wait
    :param while_stepping: called in each step, wherever that runs; may block
    :param token_bytes: size of each token
    """

    tokens: int = 2
    reaches: Protection = Protection.SEAL
    mechanism: str = "kerberos"
    mutual: bool = True
    peer: str = "alice@EXAMPLE.TEST"
    sends_bindings: bool = False
    asked_for: str | None = None
    fails_at: int | None = None
    error_token: bytes | None = None
    waits: bool = False
    while_stepping: Callable[[], None] | None = None
    token_bytes: int = 32
    name: str = field(default="scripted", init=False)

    def initiate(self, target: ServicePrincipalName, _: Policy, /) -> ScriptedContext:
        return ScriptedContext(self, Peer(str(target)), acceptor=False)

    def accept(self, _: Policy, /) -> ScriptedContext:
        return ScriptedContext(self, Peer(self.peer), acceptor=True)

    def prepare_server(self) -> None:
        pass


class ScriptedContext:
    """One side's context."""

    def __init__(self, script: ScriptedMechanism, peer: Peer, *, acceptor: bool) -> None:
        self._script = script
        self._peer = peer
        self._acceptor = acceptor
        self._steps = 0
        self._channel: bytes | None = None
        self._sent = self._received = 0

    @property
    def may_wait(self) -> bool:
        return self._script.waits

    def bind(self, channel: bytes, /) -> None:
        self._channel = channel

    def step(self, token: bytes | None, /) -> StepResult:
        number, self._steps = self._steps, self._steps + 1
        if self._script.while_stepping is not None:
            self._script.while_stepping()
        expected = None if not (self._acceptor or number) else self._token(2 * number - (not self._acceptor))
        if number == self._script.fails_at or token != expected:
            error = MechanismError("the scripted mechanism refused the peer's token")
            error.token = self._script.error_token
            raise error
        return self._answer(2 * number + self._acceptor)

    def _answer(self, index: int) -> StepResult:
        last = self._script.tokens - 1
        return StepResult(self._token(index) if index <= last else None, index >= last)

    def _token(self, index: int) -> bytes:
        return f"token {index}".encode().ljust(self._script.token_bytes, b".")

    def info(self) -> ContextInfo:
        script = self._script
        asked = ServicePrincipalName.parse(script.asked_for) if script.asked_for else None
        sent = script.sends_bindings and self._acceptor
        bound = Bound(channel=sent and bool(self._channel), target=sent and bool(asked))
        reached = (script.mechanism, script.reaches, script.mutual, self._peer, None)
        return ContextInfo(*reached, bound=bound, claimed=asked if self._acceptor else None)

    def wrap(self, data: bytes | memoryview, seal: bool, /) -> bytes:
        header = bytes((seal, self._acceptor)) + self._sent.to_bytes(8, "big")
        self._sent += 1
        return header + _mac(header, data) + (_crypt(header, data) if seal else data)

    def unwrap(self, token: bytes | bytearray | memoryview, /) -> Unwrapped:
        token = bytes(token)
        header, mac = token[:_HEADER_BYTES], token[_HEADER_BYTES : _HEADER_BYTES + _MAC_BYTES]
        body = token[_HEADER_BYTES + _MAC_BYTES :]
        data = _crypt(header, body) if header[:1] == b"\1" else body
        expected = bytes((not self._acceptor,)) + self._received.to_bytes(8, "big")
        self._received += 1
        if header[1:] != expected or not hmac.compare_digest(mac, _mac(header, data)):
            raise IntegrityError("a message from the peer was altered, lost or repeated")
        return Unwrapped(data, header[:1] == b"\1")

    def sign(self, data: bytes, /) -> bytes:
        return _mac(b"", data)

    def verify(self, data: bytes, signature: bytes, /) -> None:
        if not hmac.compare_digest(signature, _mac(b"", data)):
            raise IntegrityError("the peer's signature does not fit the data")


def _mac(header: bytes, data: bytes | memoryview) -> bytes:
    return hmac.digest(_KEY, header + data, "sha256")[:_MAC_BYTES]


def _crypt(header: bytes, data: bytes | memoryview) -> bytes:
    stream = hashlib.shake_128(_KEY + header).digest(len(data))
    return (int.from_bytes(data, "big") ^ int.from_bytes(stream, "big")).to_bytes(len(data), "big")
