"""SASL's mechanisms GSSAPI (RFC 4752) and GSS-SPNEGO (MS-ADTS 3.1.1.3.4.5.2), with the layer that follows.

SASL has no wire format of its own: its messages travel inside another protocol, as LDAP, IMAP or XMPP, and so does
what says that the exchange has succeeded or failed. For that there is :mod:`asyncauth.sasl`, which takes the messages
out of the frames below and puts them in. Standing alone, this framing carries them as Apache Thrift's TSaslTransport
does, a byte for the kind and four bytes of length, most significant first:

=========  =====  ====================================================================
START      1      from the client, the mechanism's name; its first message follows at once
OK         2      a message, there is more to come
BAD        3      refused, with words for people
ERROR      4      not understood, with words for people
COMPLETE   5      from the server: done, with a last message or nothing
=========  =====  ====================================================================

*GSSAPI.* Tokens to and fro until the client's context is complete; where it has nothing to say to the server's last
token it says so with an empty message. Then the server offers security layers in a Wrap token, and the client answers
with the one it wants, how much it takes at a time, and as whom it wants to act. ``require`` is what our server offers
at the least, and exactly what our client asks for, if it is offered; the next better one if it is not.

*GSS-SPNEGO.* The tokens and nothing else; the layer is what the context can do. The server's last token may come with
its success or before it.

After that each message is four bytes of length, most significant first, and a Wrap token, or there is nothing at all
round the data where no layer was agreed. No message is longer than the other end takes; where nobody says how much
that is, 65,536 bytes.

*Who acts.* The security context says who the client is. It may ask to act as somebody else; then ``allows`` is asked,
and without one it is refused. Nothing is folded or mapped: the same text as the authenticated name, or another.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from copy import copy
from typing import TYPE_CHECKING, Literal, TypeVar

from .._errors import (
    AuthenticationError,
    AuthorizationError,
    IntegrityError,
    PeerRejected,
    RemoteProtocolError,
)
from .._sasl_layer import LARGEST, OVERHEAD, Choice, Offer, room
from .._types import Peer, Protection
from ..abc import Authorize, Check, Command, Frame, Reply, Send, StepResult, Use
from ._headers import LengthHeader
from ._sasl_frames import BAD, COMPLETE, ERROR, HEADER, LIMIT, NAMES, OK, START
from ._script import check, inspect, receive, step, unwrap, wrap

if TYPE_CHECKING:
    from ..abc import Script

__all__ = ["Allows", "Sasl"]

_MOST_WORDS = 200

Allows = Callable[[Peer, str], object]

_T = TypeVar("_T")


class Sasl:
    """GSSAPI or GSS-SPNEGO; see the head of the file.

    :param mechanism: the one that a client names and a server takes. GSSAPI goes with the mechanism object
        ``Kerberos``, GSS-SPNEGO with ``Negotiate``
    :param authzid: client: as whom to act, empty for oneself; GSSAPI only
    :param allows: server: called with the authenticated client and another identity, at once and on the loop; what
        is true lets it act as that. Without it a client may name nobody but itself
    :param max_size: bytes of the longest Wrap token that is taken, up to 16,777,215
    :param marks_end: an empty message says that its sender's data has ended. False for peers that mean nothing by it
    :raises ValueError: values that do not go together
    """

    name = "sasl"
    handshake = HEADER

    def __init__(
        self,
        mechanism: Literal["GSSAPI", "GSS-SPNEGO"] = "GSS-SPNEGO",
        *,
        authzid: str = "",
        allows: Allows | None = None,
        max_size: int = LARGEST,
        marks_end: bool = True,
    ) -> None:
        if mechanism not in ("GSSAPI", "GSS-SPNEGO"):
            raise ValueError(f"SASL's mechanisms here are GSSAPI and GSS-SPNEGO, not {mechanism!r}")
        if authzid and mechanism != "GSSAPI":
            raise ValueError("GSS-SPNEGO has no place for an authorization identity; use GSSAPI")
        if not OVERHEAD < max_size <= LARGEST:
            raise ValueError(f"max_size is {max_size}, not between {OVERHEAD + 1} and {LARGEST}")
        if "\0" in authzid:
            raise ValueError("an authorization identity has no NUL in it (RFC 4422 3.4.1)")
        self.mechanism = mechanism
        self.marks_end = marks_end
        self.message = LengthHeader("big", max_size)
        self.max_plaintext = LIMIT - OVERHEAD
        self._authzid = authzid
        self._allows = allows

    def initiate(self) -> Script:
        yield Send(START, self.mechanism.encode())
        yield from self._initiate_gssapi() if self.mechanism == "GSSAPI" else _initiate_spnego()

    def accept(self) -> Script:
        frame = yield from receive()
        if frame.kind != START:
            raise RemoteProtocolError(f"the peer began SASL with {NAMES[frame.kind]} and not with START")
        if frame.body != self.mechanism.encode():
            yield Send(BAD, f"the mechanism here is {self.mechanism}".encode())
            raise RemoteProtocolError(
                f"the peer wants the SASL mechanism {_words(frame.body)}, and this is {self.mechanism}",
                fix="use the same mechanism at both ends",
            )
        token = yield from _message(OK, COMPLETE)
        yield from (
            self._accept_gssapi(token.body) if self.mechanism == "GSSAPI" else _accept_spnego(token.body)
        )

    def claims(self, start: bytes, /) -> bool | None:
        opening = self.handshake.build(START, len(self.mechanism)) + self.mechanism.encode()
        if start.startswith(opening):
            return True
        return None if opening.startswith(start) else False

    def __repr__(self) -> str:
        return f"Sasl({self.mechanism!r}, max_size={self.message.limit})"

    # --- GSSAPI --------------------------------------------------------------------------------------------

    def _initiate_gssapi(self) -> Script:
        token: bytes | None = None
        complete = False
        while not complete:
            answer, complete = yield from _step(token)
            yield Send(OK, answer or b"")
            frame = yield from _message(OK)
            token = frame.body
        layered = yield from _telling(self._choose(token or b""))
        frame = yield from _message(OK, COMPLETE)
        if frame.kind != COMPLETE or frame.body:
            raise RemoteProtocolError("the peer goes on with a SASL exchange that is complete here")
        yield Use(layered)

    def _accept_gssapi(self, token: bytes) -> Script:
        while True:
            answer, complete = yield from _step(token)
            if answer or not complete:
                yield Send(OK, answer or b"")
                token = (yield from _message(OK, COMPLETE)).body
            if complete:
                break
        if answer and token:
            raise RemoteProtocolError("the peer goes on with a security context that is complete here")
        layered = yield from _telling(self._offer())
        yield Send(COMPLETE, b"")
        yield Use(layered)

    def _choose(self, token: bytes) -> Generator[Command, Reply, Sasl]:
        """The client's part of the negotiation."""
        required = yield from check()
        reached = yield from inspect()
        offer = Offer.parse((yield from unwrap(token)).data)
        layer = offer.choose(required, reached.protection)
        layered = self._layered(offer.size, layer)
        yield Check(layer)
        choice = Choice.of(layer, self.message.limit, self._authzid)
        yield Send(OK, (yield from wrap(choice.build(), seal=False)))
        return layered

    def _offer(self) -> Generator[Command, Reply, Sasl]:
        """The server's."""
        required = yield from check()
        reached = yield from inspect()
        layers = (layer for layer in Protection if required <= layer <= reached.protection)
        offer = Offer.of(layers, self.message.limit)
        yield Send(OK, (yield from wrap(offer.build(), seal=False)))
        answer = yield from _message(OK, COMPLETE)
        choice = Choice.parse((yield from unwrap(answer.body)).data)
        if choice.layer not in offer.layers:
            raise RemoteProtocolError(f"the peer chose the layer {choice.layer.name}, which was not offered")
        layered = self._layered(choice.size, choice.layer)
        self._authorize(reached.peer, choice.authzid)
        yield Check(choice.layer, choice.authzid)
        yield Authorize()
        return layered

    def _layered(self, size: int, layer: Protection) -> Sasl:
        """This framing, for a peer that takes so much; and not more than we do, which Samba takes for a limit of both
        directions."""
        layered = copy(self)
        layered.max_plaintext = min(self.max_plaintext, room(size, layer), room(self.message.limit, layer))
        return layered

    def _authorize(self, peer: Peer | None, authzid: str) -> None:
        if not authzid or (peer is not None and authzid == peer.name):
            return
        cause: Exception | None = None
        try:
            if peer is not None and self._allows is not None and self._allows(peer, authzid):
                return
        except Exception as error:  # noqa: BLE001 - whatever it is, it was not a yes
            cause = error
        raise AuthorizationError(
            f"{peer or 'the client'} wants to act as {_words(authzid.encode())} and may not",
            fix="let it ask for no other identity (ldapsearch: no -X), or allow this one: Sasl(allows=...)",
        ) from cause


# --- GSS-SPNEGO --------------------------------------------------------------------------------------------


def _initiate_spnego() -> Script:
    token: bytes | None = None
    peer_done = False
    while True:
        answer, complete = yield from _step(token, may_refuse=not peer_done)
        if peer_done:
            if answer or not complete:
                raise RemoteProtocolError("the peer ended the SASL exchange before it was complete")
            return
        yield Send(OK, answer or b"")
        frame = yield from _message(OK, COMPLETE)
        peer_done = frame.kind == COMPLETE
        if complete:
            if not peer_done or frame.body:
                raise RemoteProtocolError("the peer goes on with a SASL exchange that is complete here")
            return
        token = frame.body


def _accept_spnego(token: bytes) -> Script:
    while True:
        answer, complete = yield from _step(token, authorize=True)
        yield Send(COMPLETE if complete else OK, answer or b"")
        if complete:
            return
        token = (yield from _message(OK, COMPLETE)).body


# --- both --------------------------------------------------------------------------------------------------


def _step(
    token: bytes | None, *, may_refuse: bool = True, authorize: bool = False
) -> Generator[Command, Reply, StepResult]:
    """A step, and the check where it is the last."""
    stepping = _checked_step(token, authorize)
    return (yield from _telling(stepping) if may_refuse else stepping)


def _checked_step(token: bytes | None, authorize: bool) -> Generator[Command, Reply, StepResult]:
    result = yield from step(token)
    if result.complete:
        yield Check()
        if authorize:
            yield Authorize()
    return result


def _telling(script: Generator[Command, Reply, _T]) -> Generator[Command, Reply, _T]:
    """Tell the peer that it failed; not why."""
    try:
        return (yield from script)
    except PeerRejected:
        raise
    except RemoteProtocolError:
        yield Send(ERROR, b"protocol error")
        raise
    except (AuthenticationError, IntegrityError):
        yield Send(BAD, b"authentication failed")
        raise


def _message(*kinds: int) -> Generator[Command, Reply, Frame]:
    """The peer's next message, which must be of these kinds."""
    frame = yield from receive()
    if frame.kind in (BAD, ERROR):
        raise PeerRejected(
            f"the peer refused the SASL exchange: {_words(frame.body)}",
            fix="look into its log for the reason",
        )
    if frame.kind not in kinds:
        raise RemoteProtocolError(f"the peer sent {NAMES[frame.kind]}, which may not come now")
    return frame


def _words(data: bytes) -> str:
    """What a peer has sent for people, made harmless."""
    return ascii(data[:_MOST_WORDS].decode(errors="replace"))
