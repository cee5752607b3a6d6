"""Where the tickets come from: a private realm that lives as long as the benchmark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

from asyncauth.testing import start_realm

from ._common import SPN

__all__ = ["Place", "private_realm"]


class Place(NamedTuple):
    """What a benchmark needs of a realm."""

    kind: str
    """``ad`` or ``mit``."""
    cache: str
    """A credential cache with a user's ticket, with its type; FILE:, as people have it."""
    keytab: Path
    """The keys of the service."""


@contextmanager
def private_realm(kind: Literal["auto", "ad", "mit"], tell: Callable[[str], None]) -> Iterator[Place]:
    """Start a realm with the service's account, and point this process and its children at it.

    :param tell: called with a short line before each step
    :raises MechanismUnavailable: parts are missing; the error says what to install
    :raises RealmError: it did not come up
    """
    with start_realm(kind, progress=tell) as realm, realm.use():
        service = realm.add_service("sockauth", SPN)
        yield Place(realm.kind, realm.ticket("alice"), service.keytab)
