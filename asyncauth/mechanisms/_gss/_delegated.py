"""A client's credential in a server's hands (RFC 4121 4.1.1.1: a KRB-CRED with a forwarded ticket-granting ticket).

What GSSAPI hands out lies in a cache of the library's that nobody can name. It is copied into one of ours, because a
handshake needs it for either mechanism, and because ours can be destroyed at a moment of our choosing: when the
connection that it came with is closed, and not when the last object that refers to it has gone.
"""

from __future__ import annotations

from gssapi import raw

from ..._errors import CredentialError
from .._codes import Phase, Where
from .._krb5._memory import MemoryCache
from ._errors import translated

__all__ = ["Delegated", "taken"]


class Delegated:
    """A credential source: acting as the client, towards services of the server's choice.

    ``Negotiate(stream.info.delegated)`` is a mechanism with it. Connections made with it live on by themselves.

    :param principal: the client's full name
    """

    def __init__(self, principal: str, cache: MemoryCache) -> None:
        self.principal = principal
        self._cache: MemoryCache | None = cache

    def close(self) -> None:
        """Destroy the tickets. A second call does nothing; the connection does it at its end."""
        cache, self._cache = self._cache, None
        if cache is not None:
            cache.destroy()

    @property
    def cache(self) -> MemoryCache:
        """Where the tickets are.

        :raises CredentialError: it has been closed
        """
        if self._cache is None:
            raise CredentialError(
                f"{self} has ended with the connection that it came with",
                fix="finish what is done in the client's name before closing its connection",
            )
        return self._cache

    def __str__(self) -> str:
        return f"the credential delegated by {self.principal}"

    def __repr__(self) -> str:
        return f"Delegated({self.principal!r})"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a delegated credential does not leave its process")


def taken(creds: raw.Creds, principal: str) -> Delegated:
    """What a client handed over, copied into a cache of its own. Does not wait."""
    with translated(Where(Phase.ACQUIRE, f"the credential delegated by {principal}")):
        cache = MemoryCache.empty(0.0)
        raw.store_cred_into({b"ccache": cache.name}, creds, usage="initiate", overwrite=True)
    return Delegated(principal, cache)
