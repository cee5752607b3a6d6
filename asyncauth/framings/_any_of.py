"""A server that recognises its clients' framing by their first bytes.

In each of the framings the client speaks first, and says how long its first token is; and a token itself says, in
its first bytes, how long it is (RFC 2743 3.1). So a framing claims a client whose length field and token agree,
where the length is read where this framing has it and in this framing's byte order:

=====================  ==================================  =======================================================
MS-NNS                 ``16 01 00 hh ll 60 ...``            type, version 1.0, two bytes, most significant first
gss-sample version 2   ``11 00 00 00 00``                   an opening frame without a body
gss-sample version 1   ``00 hh hh ll 60 ...``               four bytes, most significant first
Winsock                ``ll hh 00 00 60 ...``               four bytes, least significant first
=====================  ==================================  =======================================================

No beginning fits two of them. Read as Winsock, an opening of gss-sample has a token of 17 bytes that begins with 0;
and ``16 01 00 00 60``, which MS-NNS may have before a token of 96 bytes and Winsock before one of 278, is decided by
the next byte: a token again in the one, the length of a token in the other. A length that reads the same in both
byte orders is beyond the limit of both. A framing of somebody else's takes part if it has ``claims``; should two
claim a client nevertheless, it is refused.

None of it is authenticated, and nothing depends on it but the form of what follows: whoever alters the first bytes
can make a handshake fail, which cutting the connection does as well.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from .._errors import LocalProtocolError, RemoteProtocolError
from ..abc import Command, RecognisableFraming, Reply, Use
from ._foreign import not_spoken
from ._script import peek

if TYPE_CHECKING:
    from ..abc import Script

__all__ = ["AnyOf"]

_MOST_BYTES = 64
"""Longer than any beginning that decides."""
_NAMING_BYTES = 4
"""So many it takes to put a name to another protocol."""


class AnyOf:
    """Whichever of some framings the client speaks; for servers.

    Pass it where a framing is taken; ``ConnectionInfo.framing`` is then the one recognised. Client protocols that do
    not belong on the port, as TLS, HTTP and SSH, are named in the error.

    :param framings: those to choose from; any that has ``claims`` (:class:`~asyncauth.abc.RecognisableFraming`)
    :raises TypeError: one cannot be recognised
    :raises ValueError: there are none, or two of one name
    """

    def __init__(self, *framings: RecognisableFraming) -> None:
        for framing in framings:
            if not isinstance(framing, RecognisableFraming):
                raise TypeError(f"{framing!r} cannot be recognised: it has no claims()")
        names = [framing.name for framing in framings]
        if not names or len(set(names)) < len(names):
            raise ValueError(f"AnyOf takes one or more different framings, not {', '.join(names) or 'none'}")
        self._framings = framings
        self.name = "any-of-" + "-".join(names)
        first = framings[0]
        self.handshake, self.message = first.handshake, first.message
        self.max_plaintext, self.marks_end = first.max_plaintext, first.marks_end

    def initiate(self) -> Script:
        raise LocalProtocolError(
            "a client speaks first, so it has to know the framing",
            fix="name one framing on the client's side",
        )

    def accept(self) -> Script:
        framing = yield from self._recognise()
        yield Use(framing)
        yield from framing.accept()

    def __repr__(self) -> str:
        return f"AnyOf({', '.join(map(repr, self._framings))})"

    def _recognise(self) -> Generator[Command, Reply, RecognisableFraming]:
        start = b""
        for size in range(1, _MOST_BYTES):
            start = yield from peek(size)
            verdicts = [framing.claims(start) for framing in self._framings]
            if None not in verdicts:
                break
        claimed = [framing for framing in self._framings if framing.claims(start)]
        if len(claimed) == 1:
            return claimed[0]
        if not claimed and len(start) < _NAMING_BYTES:
            start = yield from peek(_NAMING_BYTES)
        raise self._refusal(claimed, start)

    def _refusal(self, claimed: list[RecognisableFraming], start: bytes) -> RemoteProtocolError:
        if claimed:
            both = " and in ".join(framing.name for framing in claimed)
            return RemoteProtocolError(f"the peer begins as in {both}, which cannot be told apart")
        names = [framing.name for framing in self._framings]
        return not_spoken(" or ".join(names), start, f"it begins with {start.hex(' ')}", *names)
