"""Complete contexts of each kind."""

from __future__ import annotations

from typing import Any

import pytest

from asyncauth.testing import MitRealm

from .contexts import ENCTYPES, Ends, ends

KINDS = {
    f"{name}{'' if subkey else '-no-subkey'}-{sender}": (number, subkey, sender)
    for number, name in ENCTYPES.items()
    for subkey in (True, False)
    for sender in ("client", "server")
}


@pytest.fixture(scope="module", params=list(KINDS.values()), ids=list(KINDS))
def pair(request: pytest.FixtureRequest, mit_realm: MitRealm) -> Ends:
    """Ends of every enctype, with and without acceptor's subkey, each sending in turn: ``client`` is who sends."""
    number, subkey, sender = request.param
    made = ends(mit_realm, number, subkey=subkey)
    assert made.enctype == number
    return made if sender == "client" else made.turned()


@pytest.fixture(scope="session")
def fresh(mit_realm: MitRealm) -> Any:
    """Makes ends of AES-256-SHA1, or as told."""

    def make(enctype: int = 18, **options: Any) -> Ends:
        return ends(mit_realm, enctype, **options)

    return make
