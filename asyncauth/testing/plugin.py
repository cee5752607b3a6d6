"""The pytest plugin: realms as session fixtures.

Installed with asyncauth, pytest finds it by its entry point; else ``-p asyncauth.testing.plugin``.

Each fixture starts its realm when the first test asks for it, points the test process at it
(:meth:`Realm.use`) until the end of the session, and then stops it. Tests that use both in one process see
both: ``ad_realm`` is EXAMPLE.TEST, ``mit_realm`` is MIT.TEST. The default realm and the default cache are
those of the one started first, which depends on the order of the tests: name the cache
(:meth:`Realm.ticket`), and end principal names with the realm or with a bare ``@``.

Where the parts for a realm are missing, its tests are skipped and say what to install; where the variable
``CI`` is set, they fail instead, because there a skipped test is a lie.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NoReturn, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from . import MitRealm, Realm, SambaRealm

__all__ = ["ad_realm", "mit_realm", "realm"]

AnyRealm = TypeVar("AnyRealm", bound="Realm")


@pytest.fixture(scope="session")
def ad_realm() -> Iterator[SambaRealm]:
    """A Samba Active Directory domain, EXAMPLE.TEST."""
    from . import start_realm

    yield from _used(lambda: start_realm("ad", "EXAMPLE.TEST"))


@pytest.fixture(scope="session")
def mit_realm() -> Iterator[MitRealm]:
    """An MIT realm, MIT.TEST."""
    from . import start_realm

    yield from _used(lambda: start_realm("mit", "MIT.TEST"))


@pytest.fixture(scope="session")
def realm(request: pytest.FixtureRequest) -> Realm:
    """The AD realm where this machine can run one, else the MIT realm."""
    from . import SambaRealm

    chosen: Realm = request.getfixturevalue("ad_realm" if SambaRealm.missing() is None else "mit_realm")
    return chosen


def _used(start: Callable[[], AnyRealm]) -> Iterator[AnyRealm]:
    from .._errors import MechanismUnavailable

    try:
        started = start()
    except MechanismUnavailable as missing:
        without(str(missing))
    with started, started.use():
        yield started


def without(reason: str) -> NoReturn:
    """Skip a test whose parts are missing; fail it where CI is set."""
    if os.environ.get("CI", "").lower() in ("", "0", "false"):
        pytest.skip(reason)
    pytest.fail(f"{reason} (CI is set, so this is not skipped)", pytrace=False)
