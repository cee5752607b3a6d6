"""The wire format of MIT's gss-client and gss-server.

Source: MIT krb5, src/appl/gss-sample. In version 2 each frame is a byte of flags, four bytes of length, most
significant byte first, and the body. The client opens with ``NOOP|CONTEXT_NEXT``, then context tokens go to and
fro as CONTEXT frames, and then the client sends messages and the server answers each: with a detached signature of
the plaintext (MIC) if the message asks for it, which tells the client that its message has arrived as it was sent,
or else with an empty NOOP. A NOOP from the client ends the connection. Version 1, of MIT's old servers and of the
GSSAPI sample in Microsoft's SDK, has the length alone: no opening, no end, every message wrapped as agreed, every
answer a MIC. Today's gss-server understands version 2 only, today's gss-client speaks both.

A message says of itself whether it is wrapped and encrypted, and MIT's contexts can always do both. So what was
negotiated is of little interest here; each message has to be protected as ``require`` says, and that is what
``ConnectionInfo.protection`` promises.

*The server's own data.* The sample's servers have nothing to say but answers. Ours may send data in version 2, as
DATA frames that ask for no answer; they are for our own clients. gss-client takes whatever comes for the answer to
its message, so a server that has it for a client must not send.

*Ends.* The closing NOOP is not protected, anybody can forge it, and an empty message in its place, as in MS-NNS,
crashes gss-server. So an end of data is never a marked one here: it takes ``allow_unmarked_end``, at both ends. What
was sent is better confirmed than that, if the client asks for signatures: whoever wants to know that all has arrived
calls ``send_eof`` and receives until the end, and a connection that ends with messages unconfirmed is an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from .._errors import ProtectionError, RemoteProtocolError
from .._types import Protection, Role
from ..abc import Send
from ._gss_frames import CONTEXT, CONTEXT_NEXT, MIC, NAMES, NOOP, PROTECTED, SEND_MIC, FlagsHeader
from ._gss_messages import Client, Server
from ._headers import LengthHeader, TokenHeader
from ._script import check_as_required, exchange, receive, receive_token
from ._tokens import begins_token

if TYPE_CHECKING:
    from ..abc import Conversation, Guard, Header, Script

__all__ = ["GssSample"]

_LIMIT = 65_536
_OVERHEAD = 72
"""The most that sealing adds: Wrap with AES256-SHA384 (RFC 4121, RFC 8009)."""
_V1_LIMIT = 2**24 - 1
"""The first byte of a longer frame would be taken for flags."""

_NO_BODY = bytes(4)
_OPENINGS = (bytes((NOOP | CONTEXT_NEXT,)) + _NO_BODY, bytes((NOOP,)) + _NO_BODY)


class GssSample:
    """MIT's gss-client and gss-server; see the head of the file for what is special about it.

    :param version: 2, or 1 for peers that send a length and no flags
    :param mic: client: ask for a signature of each message. What is sent is then kept until it is confirmed, so
        receive while sending: with 64 MiB unconfirmed a send is refused. Version 1 always asks
    :param limit: bytes of the longest message, wrapped; ``gss-client -f`` sends a whole file as one
    :raises ValueError: values that do not go together
    """

    def __init__(self, version: Literal[1, 2] = 2, *, mic: bool = True, limit: int = _LIMIT) -> None:
        self._v1 = _is_first(version, mic, limit)
        self._mic = mic
        self._limit = limit
        self.name = "gss-sample-v1" if self._v1 else "gss-sample"
        self.max_plaintext = limit - _OVERHEAD
        self.marks_end = False
        self.handshake: Header = (
            TokenHeader(NAMES[1], "big", _LIMIT) if self._v1 else FlagsHeader(_LIMIT, handshake=True)
        )
        self.message: Header = LengthHeader("big", limit) if self._v1 else FlagsHeader(limit)

    def initiate(self) -> Script:
        if not self._v1:
            yield Send(NOOP | CONTEXT_NEXT, b"")
        yield from exchange(None, self._context, check_as_required)

    def accept(self) -> Script:
        if not self._v1:
            frame = yield from receive()
            _check_opening(frame.kind)
        token = yield from receive_token(self._context)
        yield from exchange(token, self._context, check_as_required)

    def converse(self, guard: Guard, role: Role, /) -> Conversation:
        if role is Role.SERVER:
            assumed = PROTECTED[guard.protection] | SEND_MIC
            return Server(guard, self.message, unflagged=assumed if self._v1 else 0)
        signed = self._v1 or (self._mic and guard.protection is not Protection.NONE)
        return Client(guard, self.message, mic=signed, unflagged=MIC if self._v1 else 0)

    def claims(self, start: bytes, /) -> bool | None:
        if self._v1:
            length = int.from_bytes(start[:4])
            if len(start) < self.handshake.size:
                return None if start[0] == 0 else False
            return length <= _LIMIT and begins_token(start[4:], length)
        if start.startswith(_OPENINGS):
            return True
        return None if any(opening.startswith(start) for opening in _OPENINGS) else False

    @property
    def _context(self) -> int:
        """The kind of frame that carries a context token."""
        return 0 if self._v1 else CONTEXT

    def __repr__(self) -> str:
        return f"GssSample({1 if self._v1 else 2}, mic={self._mic}, limit={self._limit})"


def _is_first(version: int, mic: bool, limit: int) -> bool:
    """Whether it is version 1; ValueError for what cannot be."""
    if version not in NAMES:
        raise ValueError(f"gss-sample has the versions 1 and 2, not {version}")
    if version == 1 and not mic:
        raise ValueError(f"{NAMES[1]} cannot say that it wants no signature")
    if not _OVERHEAD < limit <= (_V1_LIMIT if version == 1 else 2**32 - 1):
        raise ValueError(f"{NAMES[version]} has no messages of at most {limit} bytes")
    return version == 1


def _check_opening(flags: int) -> None:
    if not flags & NOOP:
        raise RemoteProtocolError(f"the peer began {NAMES[2]} with flags 0x{flags:02x} and not with NOOP")
    if not flags & CONTEXT_NEXT:
        raise ProtectionError("the client wants no authentication", fix="run gss-client without -na")
