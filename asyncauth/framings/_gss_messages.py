"""The messages of gss-sample after the handshake: what a client sends, a server answers."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from .._errors import IntegrityError, LocalProtocolError, RemoteProtocolError
from ..abc import Reading
from ._gss_frames import MIC, NAMES, NOOP, PROTECTED, SEND_MIC, is_data, protection_of, unexpected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..abc import Frame, Guard, Header

__all__ = ["Client", "Server"]

_UNCONFIRMED_BYTES = 64 * 2**20


class Client:
    """Sends messages and checks the answers.

    :param flags: of the messages sent
    :param unflagged: what a frame without flags is; version 1
    """

    __slots__ = ("_bytes", "_flags", "_guard", "_header", "_sent", "_unflagged")

    def __init__(self, guard: Guard, header: Header, *, mic: bool, unflagged: int) -> None:
        self._guard = guard
        self._header = header
        self._flags = PROTECTED[guard.protection] | (SEND_MIC if mic else 0)
        self._unflagged = unflagged
        self._sent: deque[bytes | None] = deque()
        """What was sent and is not confirmed; None where no signature was asked for."""
        self._bytes = 0

    @property
    def unanswered(self) -> int:
        return len(self._sent)

    def send(self, pieces: Sequence[bytes], /) -> bytes:
        if self._flags & SEND_MIC:
            self._keep(pieces)
        else:
            self._sent.extend([None] * len(pieces))
        bodies = [self._guard.protect(piece) for piece in pieces]
        return b"".join([self._header.build(self._flags, len(body)) + body for body in bodies])

    def send_end(self) -> bytes:
        return b"" if self._unflagged else self._header.build(NOOP, 0)

    def receive(self, frame: Frame, /) -> Reading:
        flags = frame.kind or self._unflagged
        if is_data(flags):
            return Reading(self._guard.open(frame.body, protection_of(flags)))
        if flags not in (MIC, NOOP):
            raise unexpected(flags)
        self._confirm(flags, frame.body)
        return Reading()

    def _keep(self, pieces: Sequence[bytes]) -> None:
        size = self._bytes + sum(map(len, pieces))
        if size > _UNCONFIRMED_BYTES:
            raise LocalProtocolError(
                f"{self._bytes} bytes were sent and the peer's confirmations of them were not received",
                fix="receive while you send, or ask for no signatures: GssSample(mic=False)",
            )
        self._bytes = size
        self._sent.extend(pieces)

    def _confirm(self, flags: int, answer: bytes) -> None:
        if not self._sent:
            raise RemoteProtocolError("the peer answered a message that was never sent")
        data = self._sent.popleft()
        if (data is None) is not (flags == NOOP):
            raise IntegrityError(
                "the peer did not sign a message that it was to sign, or signed another",
                fix="take the message for lost",
            )
        if data is not None:
            self._bytes -= len(data)
            self._guard.verify(data, answer)


class Server:
    """Takes messages and answers each.

    :param unflagged: what a frame without flags is; version 1
    """

    __slots__ = ("_guard", "_header", "_unflagged")
    unanswered = 0

    def __init__(self, guard: Guard, header: Header, *, unflagged: int) -> None:
        self._guard = guard
        self._header = header
        self._unflagged = unflagged

    def send(self, pieces: Sequence[bytes], /) -> bytes:
        if self._unflagged:
            raise LocalProtocolError(
                f"a server has nothing to send in {NAMES[1]} but answers", fix="use version 2 at both ends"
            )
        flags = PROTECTED[self._guard.protection]
        bodies = [self._guard.protect(piece) for piece in pieces]
        return b"".join([self._header.build(flags, len(body)) + body for body in bodies])

    def send_end(self) -> bytes:
        return b""

    def receive(self, frame: Frame, /) -> Reading:
        flags = frame.kind or self._unflagged
        if flags == NOOP:
            return Reading(end=True)
        if not is_data(flags):
            raise unexpected(flags)
        data = self._guard.open(frame.body, protection_of(flags))
        return Reading(data, self._answer(flags, data))

    def _answer(self, flags: int, data: bytes) -> bytes:
        if not flags & SEND_MIC:
            return self._header.build(NOOP, 0)
        signature = self._guard.sign(data)
        return self._header.build(MIC, len(signature)) + signature
