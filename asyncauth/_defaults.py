"""What is used when nothing is named."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from .framings import NegotiateStream
from .mechanisms import Negotiate

if TYPE_CHECKING:
    from .abc import Framing, Mechanism

__all__ = ["HANDSHAKE_SECONDS", "PENDING_HANDSHAKES", "framing_or_default", "mechanism_or_default"]

HANDSHAKE_SECONDS = 15.0
"""For connecting, acquiring credentials and the handshake together."""

PENDING_HANDSHAKES = 100
"""Unauthenticated connections that a listener bears at a time."""


@cache
def _negotiate() -> Negotiate:
    return Negotiate()


def mechanism_or_default(mechanism: Mechanism | None) -> Mechanism:
    """SPNEGO over Kerberos with the default credentials; one object, so that what it keeps is shared."""
    return mechanism or _negotiate()


_nns = NegotiateStream()


def framing_or_default(framing: Framing | None) -> Framing:
    """MS-NNS."""
    return framing or _nns
