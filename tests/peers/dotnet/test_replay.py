"""The recorded conversations with .NET once more, without .NET: our end says the same bytes again.

The security context takes the peer's recorded tokens and gives ours; its messages are the recorded ones, in order.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from asyncauth import (
    AuthenticationError,
    MechanismError,
    Peer,
    PeerRejected,
    Policy,
    Protection,
    Role,
    ServicePrincipalName,
)
from asyncauth.abc import ContextInfo, StepResult, Unwrapped
from asyncauth.engine import Connection, DataReceived, EndOfData, Established
from asyncauth.framings import AnyOf, GssSample, NegotiateStream, Winsock
from asyncauth.testing import Side

from ...vectors.capture import Capture
from .reading import Message, messages
from .record import DIRECTORY

FILES = sorted(DIRECTORY.glob("*.txt"))
ERROR = 0x15


class Recorded:
    """A capture and what is in it."""

    def __init__(self, path: Path) -> None:
        self.capture = capture = Capture.parse(path.read_text())
        reached = capture["protection"]
        self.protection = Protection.SEAL if reached == "none reached" else Protection[reached]
        self.open = reached != "none reached"
        self.we_serve = capture["server"].startswith("asyncauth")
        self.ours, self.theirs = "<>" if self.we_serve else "><"
        self.messages = messages(capture.chunks, framed=self.protection is not Protection.NONE)

    def tokens(self, sender: str) -> list[bytes]:
        """Of the handshake."""
        return [m.data[5:] for m in self.messages if m.sender == sender and m.kind not in (None, ERROR)]

    def wrapped(self, sender: str) -> list[bytes]:
        """The protected messages."""
        return [m.data[4:] for m in self.messages if m.sender == sender and m.kind is None]

    def plaintexts(self, sender: str) -> list[bytes]:
        values = [value for key, value in self.capture.head if key == "plaintext"]
        return [bytes.fromhex(value[1:]) for value in values if value[0] == sender]

    def error(self, sender: str) -> Message | None:
        return next((m for m in self.messages if m.sender == sender and m.kind == ERROR), None)

    def connection(self, *, recognising: bool = False) -> Side:
        """Our end of it."""
        framing = AnyOf(NegotiateStream(), GssSample(), Winsock()) if recognising else NegotiateStream()
        return Side(
            Connection(
                Role.SERVER if self.we_serve else Role.CLIENT,
                ReplayedContext(self),
                framing,
                policy=Policy(self.protection),
                target=None if self.we_serve else ServicePrincipalName.parse(self.capture["spn"]),
                allow_unmarked_end=True,
            )
        )


class ReplayedContext:
    """Gives what was recorded, and takes nothing else."""

    may_wait = False

    def __init__(self, recorded: Recorded) -> None:
        self._recorded = recorded
        self._tokens = recorded.tokens(recorded.ours)
        self._expected: list[bytes | None] = list(recorded.tokens(recorded.theirs))
        if not recorded.we_serve:
            self._expected.insert(0, None)
        self._sending, self._receiving = recorded.wrapped(recorded.ours), recorded.wrapped(recorded.theirs)
        self._heard, self._said = recorded.plaintexts(recorded.theirs), recorded.plaintexts(recorded.ours)

    def bind(self, channel: bytes, /) -> None:
        raise AssertionError("there is no channel here")

    def step(self, token: bytes | None, /) -> StepResult:
        assert token == self._expected.pop(0)
        if self._recorded.we_serve and self._recorded.error(self._recorded.ours):
            raise MechanismError("the recorded token was refused")
        complete = not self._expected and not (token is None and self._recorded.error("<"))
        return StepResult(self._tokens.pop(0) if self._tokens else None, complete)

    def info(self) -> ContextInfo:
        return ContextInfo("kerberos", self._recorded.protection, True, Peer("alice@EXAMPLE.TEST"), None)

    def wrap(self, data: bytes | memoryview, seal: bool, /) -> bytes:
        assert (data, seal) == (self._said.pop(0), self._recorded.protection is Protection.SEAL)
        return self._sending.pop(0)

    def unwrap(self, token: bytes | bytearray | memoryview, /) -> Unwrapped:
        assert token == self._receiving.pop(0)
        return Unwrapped(self._heard.pop(0), self._recorded.protection is Protection.SEAL)

    def sign(self, data: bytes, /) -> bytes:
        raise AssertionError("there are no signatures here")

    def verify(self, data: bytes, signature: bytes, /) -> None:
        raise AssertionError("there are no signatures here")


def replayed(recorded: Recorded, side: Side) -> bytes:
    """What our end says: the peer's bytes are fed to it whole, and it sends what it sent then."""
    said = side.says()
    side.engine.receive_data(recorded.capture.sent(recorded.theirs))
    said += side.says()
    if recorded.open and side.error is None:
        for data in recorded.plaintexts(recorded.ours):
            side.engine.send_data(data)
        side.engine.send_eof()
        said += side.says()
    side.engine.receive_eof()
    side.turn()
    return said


@pytest.mark.parametrize(
    ("path", "recognising"),
    [
        *((path, False) for path in FILES),
        # A server can recognise a client that begins with a token, and this one begins with an error.
        *((path, True) for path in FILES if "_client_" in path.stem and "client_fails" not in path.stem),
    ],
    ids=lambda value: value.stem if isinstance(value, Path) else "recognised" if value else "told",
)
def test_our_end_says_the_same_again(path: Path, recognising: bool) -> None:
    recorded = Recorded(path)
    side = recorded.connection(recognising=recognising)
    assert replayed(recorded, side) == recorded.capture.sent(recorded.ours)
    if not recorded.open:
        assert isinstance(side.error, AuthenticationError)
        assert isinstance(side.error, PeerRejected) is (recorded.error(recorded.theirs) is not None)
        assert side.events == []
        return
    assert side.error is None
    assert isinstance(side.events[0], Established)
    heard = b"".join(event.data for event in side.events if isinstance(event, DataReceived))
    assert heard == b"".join(recorded.plaintexts(recorded.theirs))
    assert side.events[-1] == EndOfData(marked=False)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("net31_server_refuses_level", "1790"), ("net80_server_refuses_level", "1790"),
        ("net31_server_refuses_ticket", "0x80004005"), ("net80_server_refuses_ticket", "0x80090304"),
        ("net31_client_fails", "0x80004005"),
    ],
)  # fmt: skip
def test_their_number_is_understood(name: str, code: str) -> None:
    recorded = Recorded(DIRECTORY / f"{name}.txt")
    side = recorded.connection()
    replayed(recorded, side)
    assert isinstance(side.error, PeerRejected)
    assert side.error.code == code


def test_every_message_is_replayed() -> None:
    """So that a replay cannot pass because it says nothing."""
    counted = [len(Recorded(path).wrapped("<")) + len(Recorded(path).wrapped(">")) for path in FILES]
    assert sum(counted) > 15
