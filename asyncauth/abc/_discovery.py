"""What a discovery backend is.

Whoever can answer a query with targets is a resolver; whoever can also write the records is a publisher.
Nothing has to be inherited: an object that has the method fits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from .._types import Target

__all__ = ["Publisher", "Resolver", "ServiceQuery"]

Record_contra = TypeVar("Record_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class ServiceQuery:
    """What a client knows before it knows anything: what it wants.

    :param service: a keyword, product GUID or service name, whichever the backend searches by
    :param host: only the instance on this host, or None for any
    """

    service: str
    host: str | None = None

    def __str__(self) -> str:
        return f"{self.service!r} on {self.host}" if self.host else f"{self.service!r}"


@runtime_checkable
class Resolver(Protocol):
    """Answers a query with targets, best first."""

    async def resolve(self, query: ServiceQuery, /) -> Sequence[Target]:
        """All targets that answer the query, never an empty sequence. Nothing is left behind if cancelled.

        :raises ServiceNotFound: there are none
        :raises DiscoveryError: the backend could not be asked, or what it says cannot be used
        """
        ...


class Publisher(Protocol[Record_contra]):
    """Writes the records that its resolving side finds.

    A cancelled call may or may not have been carried out; calling it again is always safe.
    """

    async def publish(self, record: Record_contra, /) -> bool:
        """Create the record, or change what differs. True if anything had to be written."""
        ...

    async def withdraw(self, record: Record_contra, /) -> bool:
        """Remove the record. False if it was not there."""
        ...
