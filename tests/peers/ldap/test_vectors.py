"""The recorded conversations: what they say of themselves, read independently, and replayed without the peer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from asyncauth import (
    AsyncAuthError,
    AuthorizationError,
    Peer,
    Policy,
    Protection,
    ProtectionError,
)
from asyncauth.abc import ContextInfo, StepResult, Unwrapped
from asyncauth.engine import NEED_DATA, DataReceived
from asyncauth.sasl import SaslClient, SaslServer

from ...vectors.capture import Capture
from ..rfc4121 import Session
from . import messages as ldap
from .messages import Result
from .reading import Piece, comments, pieces
from .record import DIRECTORY, SCENES, yes

FILES = sorted(DIRECTORY.glob("*.txt"))
BITS = {Protection.NONE: 1, Protection.SIGN: 2, Protection.SEAL: 4}
PRINCIPAL = "alice@MIT.TEST"

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def ids(path: Path) -> str:
    return path.stem


class Recorded:
    """A capture, its pieces, and the key of its messages."""

    def __init__(self, path: Path) -> None:
        self.text = path.read_text()
        self.capture = capture = Capture.parse(self.text)
        self.known = dict(capture.head)
        self.pieces = pieces(capture.chunks)
        self.name: Any = capture["mechanism"]
        self.refused = self.known.get("refused", "")
        self.we_serve = capture["server"].startswith("asyncauth")
        self.context = Protection[capture["context"]]
        self.reached = None if self.refused else Protection[capture["protection"]]
        self.session = Session(bytes.fromhex(capture["key"].partition(" ")[2]))

    def sasl(self, sender: str) -> list[bytes]:
        """What one side put into its binds."""
        return [found.credentials or b"" for found in self.of(sender) if found.credentials is not None]

    def buffers(self, sender: str) -> list[bytes]:
        """The Wrap tokens under the layer."""
        return [found.token for found in self.of(sender) if found.token]

    def negotiated(self, sender: str) -> list[bytes]:
        """What the Wrap tokens of the negotiation hold."""
        tokens = [body for body in self.sasl(sender) if body.startswith(b"\x05\x04")]
        return [self.session.unwrap(token).data for token in tokens]

    def of(self, sender: str) -> list[Piece]:
        return [found for found in self.pieces if found.sender == sender]

    def after_bind(self, sender: str) -> bytes:
        """What one side sent when the bind was done."""
        binds = (ldap.BIND, ldap.BIND_RESPONSE)
        others = [p.data for p in self.of(sender) if not p.message or p.message.operation.tag not in binds]
        return b"".join(others)

    @property
    def policy(self) -> Policy:
        if "protection" in self.refused and self.we_serve:
            return Policy(Protection.SEAL)
        if "layer" in self.refused:
            return Policy(Protection.SIGN)
        if self.reached is None:
            return Policy(self.context)
        return Policy(self.reached)


class ReplayedContext:
    """Takes the peer's recorded tokens and gives ours; messages are read and made with the recorded key."""

    may_wait = False

    def __init__(self, recorded: Recorded) -> None:
        self._recorded = recorded
        ours, theirs = "<>" if recorded.we_serve else "><"
        wrap = b"\x05\x04"
        self._tokens = [body for body in recorded.sasl(ours) if body and not body.startswith(wrap)]
        self._expected: list[bytes | None] = [
            body for body in recorded.sasl(theirs) if body and not body.startswith(wrap)
        ]
        if not recorded.we_serve:
            self._expected.insert(0, None)
        self._wrapped = [body for body in recorded.sasl(ours) if body.startswith(wrap)] + recorded.buffers(
            ours
        )

    def bind(self, channel: bytes, /) -> None:
        raise AssertionError(channel)

    def step(self, token: bytes | None, /) -> StepResult:
        assert token == self._expected.pop(0)
        return StepResult(self._tokens.pop(0) if self._tokens else None, not self._expected)

    def info(self) -> ContextInfo:
        return ContextInfo("kerberos", self._recorded.context, True, Peer(PRINCIPAL), None)

    def wrap(self, data: bytes | memoryview, seal: bool, /) -> bytes:
        token = self._wrapped.pop(0)
        assert self._recorded.session.unwrap(token)[:2] == (data, seal)
        return token

    def unwrap(self, token: bytes | bytearray | memoryview, /) -> Unwrapped:
        data, sealed, *_ = self._recorded.session.unwrap(bytes(token))
        return Unwrapped(data, sealed)


class Replayed:
    """A mechanism for one connection."""

    def __init__(self, recorded: Recorded) -> None:
        self.name = {"GSSAPI": "kerberos", "GSS-SPNEGO": "negotiate"}[recorded.name]
        self._recorded = recorded

    def initiate(self, *_: object) -> Any:
        return ReplayedContext(self._recorded)

    def accept(self, _: object) -> Any:
        return ReplayedContext(self._recorded)

    def prepare_server(self) -> None: ...


def test_every_scene_is_there() -> None:
    names = [scene.name for scenes in SCENES.values() for scene in scenes]
    assert [path.stem for path in FILES] == sorted(names)


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_what_a_file_says_of_its_bytes_is_what_they_say(path: Path) -> None:
    recorded = Recorded(path)
    capture = recorded.capture
    assert capture.render(comments(capture.chunks)) == recorded.text
    for sender in "><":
        assert b"".join(found.data for found in recorded.of(sender)) == capture.sent(sender)


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_the_layer_by_the_independent_reading(path: Path) -> None:
    recorded = Recorded(path)
    if recorded.name == "GSSAPI" and recorded.reached is not None:
        (offer,), (choice,) = recorded.negotiated("<"), recorded.negotiated(">")
        assert (len(offer), offer[0] & choice[0]) == (4, BITS[recorded.reached])
        assert (choice[1:4] == bytes(3)) is (recorded.reached is Protection.NONE)
        assert choice[4:].decode() in (recorded.known.get("authzid", ""), PRINCIPAL)
    else:
        assert recorded.name == "GSSAPI" or recorded.negotiated("<") == recorded.negotiated(">") == []
    for sender in "><":
        read = [recorded.session.unwrap(token) for token in recorded.buffers(sender)]
        assert all(one.sealed is (recorded.reached is Protection.SEAL) for one in read)
        assert all(one.by_acceptor is (sender == "<") for one in read)
        assert bool(read) is (recorded.reached not in (None, Protection.NONE))
        numbers = [one.number for one in read]
        assert numbers == list(range(numbers[0], numbers[0] + len(read))) if numbers else True
        ldap.cut(b"".join(one.data for one in read))


def test_small_buffers_are_kept_to() -> None:
    recorded = Recorded(DIRECTORY / "slapd_gssapi_small_buffers.txt")
    sizes = [len(token) for token in recorded.buffers(">")]
    assert recorded.negotiated("<")[0][1:] == (1024).to_bytes(3)
    assert max(sizes) <= 1024
    assert len(sizes) > 3


# --- replayed ----------------------------------------------------------------------------------------------


def plaintext(recorded: Recorded, sender: str) -> bytes:
    """What was said after the bind."""
    if recorded.reached is Protection.NONE:
        return recorded.after_bind(sender)
    return b"".join(recorded.session.unwrap(token).data for token in recorded.buffers(sender))


def continued(recorded: Recorded, exchange: SaslClient | SaslServer) -> None:
    """The connection says and understands what was recorded."""
    ours, theirs = "<>" if recorded.we_serve else "><"
    connection = exchange.connection
    messages, rest = ldap.cut(plaintext(recorded, ours))
    assert rest == b""
    for number, operation in messages:
        connection.send_data(ldap.message(number, operation))
    assert connection.data_to_send() == recorded.after_bind(ours)
    received = b""
    for at in range(len(recorded.after_bind(theirs))):
        connection.receive_data(recorded.after_bind(theirs)[at : at + 1])
        while (event := connection.next_event()) is not NEED_DATA:
            assert isinstance(event, DataReceived)
            received += event.data
    assert received == plaintext(recorded, theirs)


@pytest.mark.parametrize("path", [path for path in FILES if not path.stem.startswith("whoami")], ids=ids)
async def test_our_client_says_the_same_again(path: Path) -> None:
    recorded = Recorded(path)
    authzid = recorded.known.get("authzid", "")
    exchange = SaslClient(Replayed(recorded), recorded.known["spn"], require=recorded.policy, authzid=authzid)
    answers = [
        Result.parse(p.message.operation) for p in recorded.of("<") if p.message and p.credentials is not None
    ]
    said = [await exchange.initial()]
    error: AsyncAuthError | None = None
    try:
        for answer in answers:
            if answer.code == ldap.IN_PROGRESS:
                said.append(await exchange.respond(answer.value or b""))
            elif answer.code == ldap.SUCCESS:
                await exchange.succeed(answer.value)
    except AsyncAuthError as raised:
        error = raised
    assert said == recorded.sasl(">")
    assert isinstance(error, ProtectionError) is ("by us" in recorded.refused)
    assert exchange.complete is not bool(recorded.refused)
    if exchange.complete:
        continued(recorded, exchange)


@pytest.mark.parametrize("path", [path for path in FILES if path.stem.startswith("whoami")], ids=ids)
async def test_our_server_says_the_same_again(path: Path) -> None:
    recorded = Recorded(path)
    allows = yes if "authzid" not in recorded.refused else None
    exchange = SaslServer(Replayed(recorded), require=recorded.policy, allows=allows)
    said = []
    error: AsyncAuthError | None = None
    try:
        for response in recorded.sasl(">"):
            said += [await exchange.challenge(response)]
    except AsyncAuthError as raised:
        error = raised
        said.append(b"")
    assert said == recorded.sasl("<")
    assert isinstance(error, AuthorizationError) is ("authzid" in recorded.refused)
    assert isinstance(error, ProtectionError) is ("protection" in recorded.refused)
    if exchange.info is not None:
        assert exchange.info.authzid in (recorded.known.get("authzid", ""), PRINCIPAL)
        continued(recorded, exchange)
