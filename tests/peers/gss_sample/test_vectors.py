"""The recorded conversations: what they say of themselves, read independently, and replayed without the peer."""

from __future__ import annotations

from pathlib import Path

import pytest

from asyncauth import (
    AuthenticationError,
    MechanismError,
    Peer,
    Policy,
    Protection,
    ProtectionError,
    Role,
    ServicePrincipalName,
)
from asyncauth.abc import ContextInfo, StepResult, Unwrapped
from asyncauth.engine import Connection, DataReceived, EndOfData, Established
from asyncauth.framings import AnyOf, GssSample, NegotiateStream, Winsock
from asyncauth.testing import Side

from ...vectors.capture import Capture
from ..rfc4121 import Session
from .reading import Frame, comments, frames
from .record import DIRECTORY, SCENES

FILES = sorted(DIRECTORY.glob("*.txt"))
OPEN = [path for path in FILES if "\nkey: " in path.read_text()]


def ids(path: Path) -> str:
    return path.stem


class Recorded:
    """A capture, its frames, and the key of its messages."""

    def __init__(self, path: Path) -> None:
        self.text = path.read_text()
        self.capture = capture = Capture.parse(self.text)
        self.known = dict(capture.head)
        self.version = 1 if capture["framing"].endswith("v1") else 2
        self.frames = frames(capture.chunks, self.version)
        self.plaintexts = [
            bytes.fromhex(value.partition(" ")[2]) for key, value in capture.head if key == "plaintext"
        ]
        self.protection = (
            Protection.SEAL if "none" in capture["protection"] else Protection[capture["protection"]]
        )
        self.we_serve = capture["server"].startswith("asyncauth")
        _, _, key = self.known.get("key", "").partition(" ")
        self.session = Session(bytes.fromhex(key))

    def bodies(self, sender: str, what: str) -> list[bytes]:
        """The bodies of one side's frames of a kind, ``is_token`` and so on."""
        return [frame.body for frame in self.frames if frame.sender == sender and getattr(frame, what)]

    @property
    def framing(self) -> GssSample:
        mic = any(map(is_signed, self.frames)) or self.we_serve
        return GssSample(self.version, mic=mic)  # type: ignore[arg-type]


def is_signed(frame: Frame) -> bool:
    return frame.is_signature


class ReplayedContext:
    """Takes the peer's recorded tokens and gives ours; messages are read and made with the recorded key."""

    may_wait = False

    def __init__(self, recorded: Recorded) -> None:
        self._recorded = recorded
        ours, theirs = ("<", ">") if recorded.we_serve else (">", "<")
        self._tokens = recorded.bodies(ours, "is_token")
        self._expected: list[bytes | None] = list(recorded.bodies(theirs, "is_token"))
        if not recorded.we_serve:
            self._expected.insert(0, None)
        self._wrapped = recorded.bodies(">", "is_message")
        self._signatures = recorded.bodies("<", "is_signature")

    def bind(self, channel: bytes, /) -> None:
        raise AssertionError("there is no channel here")

    def step(self, token: bytes | None, /) -> StepResult:
        assert token == self._expected.pop(0)
        answer = self._tokens.pop(0) if self._tokens else None
        if "refused" in self._recorded.known and (self._recorded.we_serve or token is not None):
            error = MechanismError("the ticket was not made for the recorded key")
            error.token = answer
            raise error
        return StepResult(answer, not self._expected)

    def info(self) -> ContextInfo:
        mutual = self._recorded.known.get("mutual") != "no"
        return ContextInfo("kerberos", Protection.SEAL, mutual, Peer("alice@MIT.TEST"), None)

    def wrap(self, data: bytes | memoryview, seal: bool, /) -> bytes:
        token = self._wrapped.pop(0)
        assert self._recorded.session.unwrap(token)[:2] == (data, seal)
        return token

    def unwrap(self, token: bytes | bytearray | memoryview, /) -> Unwrapped:
        data, sealed, *_ = self._recorded.session.unwrap(bytes(token))
        return Unwrapped(data, sealed)

    def sign(self, data: bytes, /) -> bytes:
        number = int.from_bytes(self._signatures.pop(0)[8:16], "big")
        return self._recorded.session.sign(data, number, by_acceptor=True)

    def verify(self, data: bytes, signature: bytes, /) -> None:
        self._recorded.session.verify(data, signature)


def test_every_scene_is_there() -> None:
    assert [path.stem for path in FILES] == sorted(scene.name for scene in SCENES)


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_what_a_file_says_of_its_bytes_is_what_they_say(path: Path) -> None:
    recorded = Recorded(path)
    capture = recorded.capture
    assert capture.render(comments(capture.chunks, recorded.version)) == recorded.text
    for sender in "><":
        assert b"".join(f.data for f in recorded.frames if f.sender == sender) == capture.sent(sender)
        for frame in recorded.frames:
            covered = {at for part in frame.fields for at in range(part.offset, part.offset + part.size)}
            if not frame.is_token:
                assert covered == set(range(len(frame.data)))


@pytest.mark.parametrize("path", OPEN, ids=ids)
def test_messages_and_signatures_by_the_independent_reading(path: Path) -> None:
    recorded = Recorded(path)
    numbers: dict[str, list[int]] = {">": [], "<": []}
    plaintexts = list(recorded.plaintexts)
    for body in recorded.bodies(">", "is_message"):
        if recorded.protection is Protection.NONE:
            assert body == plaintexts.pop(0)
        else:
            read = recorded.session.unwrap(body)
            assert (read.data, read.by_acceptor) == (plaintexts.pop(0), False)
            assert read.sealed is (recorded.protection is Protection.SEAL)
            numbers[">"].append(read.number)
    assert not plaintexts
    for data, mic in zip(recorded.plaintexts, recorded.bodies("<", "is_signature"), strict=False):
        numbers["<"].append(recorded.session.verify(data, mic))
    for counted in numbers.values():
        assert counted == list(range(counted[0], counted[0] + len(counted))) if counted else True


@pytest.mark.parametrize("recognising", [False, True], ids=["told", "recognised"])
@pytest.mark.parametrize("path", [p for p in FILES if p.stem.startswith("client")], ids=ids)
def test_our_server_says_the_same_again(path: Path, recognising: bool) -> None:
    recorded = Recorded(path)
    context = ReplayedContext(recorded)
    framing = (
        AnyOf(NegotiateStream(), GssSample(), GssSample(1), Winsock()) if recognising else recorded.framing
    )
    policy = Policy(recorded.protection)
    server = Side(Connection(Role.SERVER, context, framing, policy=policy, allow_unmarked_end=True))
    server.engine.receive_data(recorded.capture.sent(">"))
    assert server.says() == recorded.capture.sent("<")
    server.engine.receive_eof()
    server.turn()
    if recorded.plaintexts:
        data = [event.data for event in server.events if isinstance(event, DataReceived)]
        assert data == recorded.plaintexts
        assert server.events[-1] == EndOfData(marked=False)
        assert server.error is None
    else:
        assert isinstance(server.error, MechanismError if "refused" in recorded.known else ProtectionError)
        assert server.events == []


@pytest.mark.parametrize("path", [p for p in FILES if p.stem.startswith("server")], ids=ids)
def test_our_client_says_the_same_again(path: Path) -> None:
    recorded = Recorded(path)
    spn = ServicePrincipalName.parse(recorded.capture["spn"])
    client = Side(
        Connection(
            Role.CLIENT,
            ReplayedContext(recorded),
            recorded.framing,
            policy=Policy(recorded.protection),
            target=spn,
            allow_unmarked_end=True,
        )
    )
    said = client.says()
    answers = recorded.capture.sent("<")
    handshake = 5 + int.from_bytes(answers[1:5], "big")
    client.engine.receive_data(answers[:handshake])
    client.turn()
    if not recorded.plaintexts:
        assert isinstance(client.error, AuthenticationError)
        assert said == recorded.capture.sent(">")
        return
    assert isinstance(client.events[0], Established)
    for data in recorded.plaintexts:
        client.engine.send_data(data)
    client.engine.send_eof()
    assert said + client.says() == recorded.capture.sent(">")
    client.engine.receive_data(answers[handshake:])
    client.engine.receive_eof()
    client.turn()
    assert client.error is None
    assert client.engine.unanswered == 0
    assert client.events[-1] == EndOfData(marked=False)
