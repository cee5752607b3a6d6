"""[MS-NNS], the wire format of .NET ``NegotiateStream``.

A handshake message is five bytes, type, version 1.0 and the length, most significant byte first, and then the
token. Each side's last token travels as HandshakeDone. The server answers HandshakeDone whenever its context is
complete, with an empty body if there is no token; a side whose context is complete and which has not yet seen
the other's HandshakeDone reads one message more, and that must be it. So Kerberos in SPNEGO is one round trip:
InProgress from the client, Done from the server.

The side that fails says HandshakeError with eight bytes, a number whose low 32 bits are an HRESULT. .NET knows
two: ERROR_TRUST_FAILURE, "what was negotiated is less than what is required", and SEC_E_LOGON_DENIED. Up to
.NET 6 it writes and reads the number most significant byte first, from .NET 7 on least significant byte first,
and each takes 0 or -1 from the other's. We read both, and write the code in both orders one after the other:
whichever way it is read, the low 32 bits are the code. The number is diagnostics, not protection: anybody can
forge it, and it tells a stranger nothing of the cause. A client that refuses after the server's Done has no way
left to say so and just closes.

An empty message is our mark that the data has ended, and only between ends that both say so: in the minor version of
their handshake messages, which [MS-NNS] 3.1.5 and 3.2.5 tell receivers to ignore. Nobody else means an end by it, and
it would do harm: .NET Core 3.1 sends one for each write of no bytes, and one that reaches a pending ReadAsync there
makes it wait for ever. The version bytes are not protected. Whoever takes our sign away makes a truncated stream of a
good one; whoever adds it to a .NET 3.1 can make an end of its empty writes, and cut there.

After the handshake each message is a little-endian length and the wrapped data; without protection there is no
framing at all (2.2.2). .NET reads at most 65,536 bytes a message and writes 64,512 of plaintext, the
specification allows 64,560 of wrapped data; 64,488 bytes of plaintext satisfy both with every cipher.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._errors import (
    AsyncAuthError,
    AuthenticationError,
    MechanismError,
    PeerRejected,
    ProtectionError,
    RemoteProtocolError,
)
from ..abc import Authorize, Check, Frame, Receive, Reply, Send, Step, StepResult, Use
from ._foreign import not_spoken
from ._headers import LengthHeader
from ._tokens import NTLM, begins_token

if TYPE_CHECKING:
    from ..abc import Script

__all__ = ["NegotiateStream"]

DONE, ERROR, IN_PROGRESS = 0x14, 0x15, 0x16
ERROR_TRUST_FAILURE = 1790
SEC_E_LOGON_DENIED = 0x8009030C
_ERROR_BYTES = 8
_SIGNS = (b"\x00\x00\x00\x00", b"\xff\xff\xff\xff")

_MAJOR, _MINOR, _MINOR_MARKING = 1, 0, 0xA1
"""Version 1.0; and ours, which says "I mark my end, and know your mark". Other receivers do not look at it."""
_MARKING = 0x100
"""What that adds to the kind of a received message."""
_TLS_MAJOR = 3
"""The one version that is refused: 0x16 or 0x15 and then this is how TLS begins."""

_CHECK, _AUTHORIZE, _RECEIVE = Check(), Authorize(), Receive()


class _HandshakeHeader:
    __slots__ = ()
    size = 5
    limit = 65_535

    def parse(self, header: bytes, /) -> tuple[int, int]:
        kind = header[0]
        if kind not in (DONE, ERROR, IN_PROGRESS) or header[1] == _TLS_MAJOR:
            raise not_spoken("MS-NNS", header, f"it begins with {header[:3].hex(' ')}")
        marking = _MARKING if header[2] == _MINOR_MARKING else 0
        return kind + marking, int.from_bytes(header[3:5], "big")

    def build(self, kind: int, length: int, /) -> bytes:
        if length > self.limit:
            raise MechanismError(
                f"a token of {length} bytes does not fit MS-NNS, which ends at {self.limit}",
                fix="the ticket carries too many groups; use another framing",
            )
        return bytes((kind, _MAJOR, _MINOR_MARKING)) + length.to_bytes(2, "big")


class NegotiateStream:
    """MS-NNS; the default framing."""

    name = "nns"
    handshake = _HandshakeHeader()
    message = LengthHeader("little", 65_536)
    max_plaintext = 64_488
    marks_end = True

    def initiate(self) -> Script:
        return _exchange(server=False)

    def accept(self) -> Script:
        return _exchange(server=True)

    def claims(self, start: bytes, /) -> bool | None:
        head = self.handshake.size
        if start[0] not in (IN_PROGRESS, DONE) or start[1:2] not in (b"", bytes((_MAJOR,))):
            return False
        if start[2:3] not in (b"", bytes((_MINOR,)), bytes((_MINOR_MARKING,))):
            return False
        return None if len(start) < head else begins_token(start[head:], int.from_bytes(start[3:head]), NTLM)

    def __repr__(self) -> str:
        return "NegotiateStream()"


class _Unmarked(NegotiateStream):
    """With a peer that does not know our mark."""

    marks_end = False


_UNMARKED = _Unmarked()


def _exchange(*, server: bool) -> Script:
    """Tokens to and fro until both have said Done. A server hears before it speaks.

    Without the helpers of ``_script``: this is run for each stranger, and each generator more is felt.
    """
    peer_done = complete = False
    token: bytes | None = None
    while True:
        if token is not None or not server:
            try:
                answer, complete = _stepped((yield Step(token)))
                if complete:
                    yield _CHECK
                    yield _AUTHORIZE
            except AuthenticationError as error:
                if server or not peer_done:
                    yield Send(ERROR, _error_body(error))
                raise
            peer_done = peer_done or (server and complete)
            if answer or server or not complete:
                yield Send(DONE if complete else IN_PROGRESS, answer or b"")
            if complete and peer_done:
                return
        kind, token = _understood((yield _RECEIVE), complete)
        if kind < _MARKING:
            yield Use(_UNMARKED)
        peer_done = kind % _MARKING == DONE
        if complete and not token:
            return


def _stepped(reply: Reply) -> StepResult:
    assert isinstance(reply, StepResult)
    return reply


def _understood(reply: Reply, complete: bool) -> Frame:
    """The peer's next message, if it is none that says no, and none that goes on with what is over."""
    assert isinstance(reply, Frame)
    kind = reply.kind % _MARKING
    if kind == ERROR:
        raise _rejected(reply.body)
    if complete and kind != DONE and not reply.body:
        raise RemoteProtocolError("the peer goes on with a handshake that is complete here")
    return reply


def _error_body(error: AsyncAuthError) -> bytes:
    code = ERROR_TRUST_FAILURE if isinstance(error, ProtectionError) else SEC_E_LOGON_DENIED
    return code.to_bytes(4, "little") + code.to_bytes(4, "big")


def _error_code(body: bytes) -> int | None:
    """The low 32 bits, in the order in which the other half is a mere extension of the sign."""
    if len(body) < _ERROR_BYTES:
        return None
    first, second = body[:4], body[4:8]
    if second in _SIGNS and first not in _SIGNS:
        return int.from_bytes(first, "little")
    return int.from_bytes(second, "big")


def _rejected(body: bytes) -> PeerRejected:
    match code := _error_code(body):
        case None:
            return PeerRejected("the peer refused the handshake", fix="look into its log")
        case _ if code == ERROR_TRUST_FAILURE:
            return PeerRejected(
                "the peer requires more protection, or another service name, than was negotiated",
                fix="compare what both ends require: protection, mutual authentication, SPN",
                code=str(code),
            )
        case _:
            return PeerRejected(
                "the peer refused our token", fix="look into its log for the reason", code=f"0x{code:08X}"
            )
