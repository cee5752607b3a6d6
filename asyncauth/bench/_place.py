"""Where the tickets come from: a private realm that lives as long as the benchmark."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

from ..testing import Realm, start_realm
from ._common import SPN

__all__ = ["Place", "private_realm"]


class Place(NamedTuple):
    """What a benchmark needs of a realm."""

    realm: Realm
    cache: str
    """A credential cache with a user's ticket, with its type; FILE:, as people have it."""
    keytab: Path
    """The keys of the service."""
    spn: str
    folder: Path
    """For certificates and programs."""

    @property
    def kind(self) -> str:
        """``ad`` or ``mit``."""
        return self.realm.kind

    @property
    def environment(self) -> dict[str, str]:
        """For peers that can be told in no other way which cache and which keys to use."""
        return {"KRB5CCNAME": self.cache, "KRB5_KTNAME": f"FILE:{self.keytab}"}


@contextmanager
def private_realm(kind: Literal["auto", "ad", "mit"], tell: Callable[[str], None]) -> Iterator[Place]:
    """Start a realm with the service's account, and point this process and its children at it.

    :param tell: called with a short line before each step
    :raises MechanismUnavailable: parts are missing; the error says what to install
    :raises RealmError: it did not come up
    """
    with (
        tempfile.TemporaryDirectory(prefix="asyncauth-bench-") as folder,
        start_realm(kind, progress=tell) as realm,
        realm.use(),
    ):
        service = realm.add_service("sockauth", SPN)
        yield Place(realm, realm.ticket("alice"), service.keytab, SPN, Path(folder))
