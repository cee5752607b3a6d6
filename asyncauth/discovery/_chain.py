"""Several resolvers, one after the other."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from .._errors import DirectoryError, ServiceNotFound
from .._types import Target
from ..abc import Resolver, ServiceQuery

__all__ = ["FirstOf", "first_of"]

_log = logging.getLogger("asyncauth.discovery")


class FirstOf:
    """The answer of the first resolver that has one; made by :func:`first_of`."""

    def __init__(self, resolvers: Sequence[Resolver]) -> None:
        if not resolvers:
            raise ValueError("first_of needs at least one resolver")
        self._resolvers = resolvers

    async def resolve(self, query: ServiceQuery, /) -> Sequence[Target]:
        """As :meth:`asyncauth.abc.Resolver.resolve`; see :func:`first_of` for errors."""
        unreachable: DirectoryError | None = None
        missing: ServiceNotFound | None = None
        for resolver in self._resolvers:
            try:
                return await resolver.resolve(query)
            except ServiceNotFound as error:
                missing = error
            except DirectoryError as error:
                _log.warning("%s could not be asked for %s: %s", type(resolver).__name__, query, error)
                unreachable = unreachable or error
        raise self._nothing(query, missing) from unreachable or missing

    @staticmethod
    def _nothing(query: ServiceQuery, missing: ServiceNotFound | None) -> ServiceNotFound:
        fix = missing.fix if missing else "see the cause: none of the places could be asked"
        return ServiceNotFound(f"none of the places asked knows the service {query}", fix=fix)


def first_of(*resolvers: Resolver) -> FirstOf:
    """A resolver that asks these in turn and gives the first answer.

    Who does not know the service, or cannot be asked, is passed over. A record that cannot be used, or any other
    error, ends the search: a damaged entry must not lead clients to somewhere else unnoticed. If nobody knows the
    service that is a ServiceNotFound, whose ``__cause__`` is the first DirectoryError on the way, if there was one.
    """
    return FirstOf(resolvers)
