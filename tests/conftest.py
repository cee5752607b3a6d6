"""What all tests share."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings

from asyncauth.testing import Realm

from .services import House, house_of

settings.register_profile("asyncauth", deadline=None, print_blob=True)
settings.load_profile("asyncauth")

BACKENDS = {
    "asyncio": ("asyncio", {"use_uvloop": False}),
    "uvloop": ("asyncio", {"use_uvloop": True}),
    "trio": ("trio", {}),
}


@pytest.fixture(params=list(BACKENDS.values()), ids=list(BACKENDS))
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """The event loops that the anyio side runs on."""
    return request.param


@pytest.fixture(scope="session")
def house(ad_realm: Realm) -> House:
    """The AD realm, furnished."""
    return house_of(ad_realm)


@pytest.fixture(scope="session", params=["ad_realm", "mit_realm"])
def either_house(request: pytest.FixtureRequest) -> House:
    """Each kind of realm in turn, furnished."""
    return house_of(request.getfixturevalue(request.param))
