"""Channel bindings: what an authentication is tied to, as the bytes that both ends must find the same.

GSSAPI knows one set of bindings a context (RFC 2743 1.1.6). Kerberos puts their MD5 into the authenticator (RFC
4121 4.1.1.2), which is encrypted under the session key and so cannot be altered on the way. An acceptor that
gives bindings refuses an initiator that gave others; one that gave none is let in, with a flag (0x800) that
stays clear. An acceptor that gives none looks at nothing.

We tie two things. The *channel* is the TLS connection below, named by its server's certificate (tls-server-end-
point, RFC 5929); its bytes are those that everybody sends. The *target* is the SPN that the client asked for. A
ticket does not tell the acceptor: all SPNs of an account share one key, a ticket for one is good for another,
and the name in its clear part is not protected. So the client puts the SPN into its bindings; the acceptor
takes the name from the clear part of the ticket and puts it into its own. If they are the same the name is what
the client meant; if somebody has altered it, they differ.

::

    "asyncauth-target-1:"
    1 byte       number of components of the SPN, 2 or 3
    each         4 bytes length, most significant first; the component in UTF-8, A to Z in lower case
    the rest     the channel's bytes, as they are without us; none outside TLS

There is only one set, and peers that know the channel do not know the target. So inside TLS the target is added
only where it is REQUIRED, by name and at both ends; where it is merely OFFERED, the channel alone is sent. MD5
does no harm here: an attacker needs a second name with the same hash as a given one, and not any two names.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from ._types import Binding, Policy

__all__ = ["Bound", "application_data"]

_PREFIX = b"asyncauth-target-1:"
_UPPER = {letter: letter + 32 for letter in range(ord("A"), ord("Z") + 1)}
_KEPT_CHARACTERS = 512
"""What longer names give is made each time, so that strangers cannot fill the memory with it."""


class Bound(NamedTuple):
    """What bindings tie an authentication to."""

    channel: bool = False
    target: bool = False


def application_data(
    policy: Policy, components: Sequence[str] | None, channel: bytes | None
) -> tuple[bytes | None, Bound]:
    """The application data of the channel bindings, and what it ties; None for no bindings at all.

    :param components: the SPN's, as they are in a Kerberos principal; None if it is not known
    :param channel: the TLS connection's own application data; None outside TLS
    """
    if policy.channel_binding is Binding.OFF:
        channel = None
    binding = policy.target_binding
    if components is None or not (
        binding is Binding.REQUIRED or (binding is Binding.OFFERED and not channel)
    ):
        return channel, _CHANNEL if channel else _NOTHING
    short = sum(map(len, components)) <= _KEPT_CHARACTERS
    named = (_named if short else _named.__wrapped__)(tuple(components))
    return (named + channel, _BOTH) if channel else (named, _TARGET)


_NOTHING, _CHANNEL, _TARGET, _BOTH = Bound(), Bound(channel=True), Bound(target=True), Bound(True, True)


@lru_cache(maxsize=256)
def _named(components: tuple[str, ...]) -> bytes:
    parts = [component.translate(_UPPER).encode() for component in components]
    return b"".join((_PREFIX, bytes((len(parts),)), *(len(part).to_bytes(4, "big") + part for part in parts)))
