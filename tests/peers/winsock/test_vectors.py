"""The recorded conversations of the SSPI sockets sample: what they say of themselves, and replayed without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from asyncauth import IntegrityError, Peer, Policy, Protection, Role, ServicePrincipalName
from asyncauth.abc import ContextInfo, StepResult, Unwrapped
from asyncauth.engine import Connection, DataReceived, EndOfData, Established
from asyncauth.framings import AnyOf, NegotiateStream, WinsockOneShot
from asyncauth.testing import Side

from ...vectors.capture import Capture
from ..rfc4121 import Session
from . import sample
from .reading import comments, frames
from .record import DIRECTORY, SCENES

FILES = sorted(DIRECTORY.glob("*.txt"))
files = pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])


class Recorded:
    """A capture, and the key of its message."""

    def __init__(self, path: Path) -> None:
        self.text = path.read_text()
        self.capture = capture = Capture.parse(self.text)
        self.frames = frames(capture.chunks)
        self.data = bytes.fromhex(capture["plaintext"].removeprefix("< "))
        self.session = Session(bytes.fromhex(capture["key"].partition(" ")[2]))
        self.we_serve = capture["server"].startswith("asyncauth")

    def tokens(self, sender: str) -> list[bytes]:
        return [frame.body for frame in self.frames if frame.is_token and frame.sender == sender]

    @property
    def message(self) -> bytes:
        (frame,) = (frame for frame in self.frames if not frame.is_token)
        return frame.data


class ReplayedContext:
    """Takes the peer's recorded tokens and gives ours; the message is read and made with the recorded key.

    It wraps as ``gss_wrap`` does, without rotation, so that putting the trailer first is left to the framing.
    """

    may_wait = False

    def __init__(self, recorded: Recorded) -> None:
        self._recorded = recorded
        self._expected: list[bytes | None] = list(recorded.tokens(">" if recorded.we_serve else "<"))
        self._tokens = recorded.tokens("<" if recorded.we_serve else ">")
        if not recorded.we_serve:
            self._expected.insert(0, None)

    def bind(self, channel: bytes, /) -> None:
        raise AssertionError("there is no channel here")

    def step(self, token: bytes | None, /) -> StepResult:
        assert token == self._expected.pop(0)
        return StepResult(self._tokens.pop(0) if self._tokens else None, not self._expected)

    def info(self) -> ContextInfo:
        return ContextInfo("kerberos", Protection.SEAL, True, Peer("alice@MIT.TEST"), None)

    def wrap(self, data: bytes | memoryview, seal: bool, /) -> bytes:
        assert (data, seal) == (self._recorded.data, True)
        token = self._recorded.message[4:]
        body, turn = token[16:], int.from_bytes(token[6:8], "big")
        return token[:6] + b"\0\0" + token[8:16] + body[turn:] + body[:turn]

    def unwrap(self, token: bytes | bytearray | memoryview, /) -> Unwrapped:
        try:
            read = self._recorded.session.unwrap(bytes(token))
        except ValueError as error:
            raise IntegrityError("altered") from error
        return Unwrapped(read.data, read.sealed)

    def sign(self, data: bytes, /) -> bytes:
        raise AssertionError("there are no signatures here")

    def verify(self, data: bytes, signature: bytes, /) -> None:
        raise AssertionError("there are no signatures here")


def test_every_scene_is_there() -> None:
    assert [path.stem for path in FILES] == sorted(scene.name for scene in SCENES)


@files
def test_what_a_file_says_of_its_bytes_is_what_they_say(path: Path) -> None:
    recorded = Recorded(path)
    capture = recorded.capture
    assert capture.render(comments(capture.chunks)) == recorded.text
    for sender in "><":
        said = b"".join(frame.data for frame in recorded.frames if frame.sender == sender)
        assert said == capture.sent(sender)


@files
def test_the_message_by_the_independent_reading(path: Path) -> None:
    recorded = Recorded(path)
    message = sample.Message(recorded.message)
    read = message.read(recorded.session)
    assert (read.data, read.sealed, read.by_acceptor) == (recorded.data, True, True)
    assert message.trailer_size == 60
    assert len(message.data) == len(recorded.data)


@pytest.mark.parametrize("recognising", [False, True], ids=["told", "recognised"])
def test_our_server_says_the_same_again(recognising: bool) -> None:
    recorded = Recorded(DIRECTORY / "client_one_shot.txt")
    framing = AnyOf(NegotiateStream(), WinsockOneShot()) if recognising else WinsockOneShot()
    server = Side(Connection(Role.SERVER, ReplayedContext(recorded), framing, policy=Policy()))
    server.engine.receive_data(recorded.capture.sent(">"))
    said = server.says()
    server.engine.send_data(recorded.data)
    server.engine.send_eof()
    assert said + server.says() == recorded.capture.sent("<")
    assert server.error is None


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_our_client_says_the_same_again(size: int) -> None:
    recorded = Recorded(DIRECTORY / "server_one_shot.txt")
    client = connected(recorded)
    answers = recorded.capture.sent("<")
    for start in range(0, len(answers), size):
        client.engine.receive_data(answers[start : start + size])
        client.turn()
    client.engine.receive_eof()
    client.turn()
    assert client.error is None
    assert isinstance(client.events[0], Established)
    assert client.events[1:] == [DataReceived(recorded.data), EndOfData(marked=True)]


def connected(recorded: Recorded) -> Side:
    """Our client, which has said what it said."""
    target = ServicePrincipalName.parse(recorded.capture["spn"])
    context = ReplayedContext(recorded)
    client = Side(Connection(Role.CLIENT, context, WinsockOneShot(), policy=Policy(), target=target))
    assert client.says() == recorded.capture.sent(">")
    return client


@pytest.mark.parametrize("at", range(1, 116, 6))
def test_the_message_cut_or_altered_anywhere_is_refused(at: int) -> None:
    recorded = Recorded(DIRECTORY / "server_one_shot.txt")
    answers = recorded.capture.sent("<")
    start = len(answers) - len(recorded.message)
    for wrong in (
        answers[:-at],
        answers[: start + at - 1] + bytes((answers[start + at - 1] ^ 1,)) + answers[start + at :],
    ):
        client = connected(recorded)
        client.engine.receive_data(wrong)
        client.turn()
        client.engine.receive_eof()
        client.turn()
        assert client.error is not None
        assert not [event for event in client.events if isinstance(event, DataReceived)]
