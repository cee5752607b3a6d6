"""The directory servers and programs, and our layers and loops."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from asyncauth import MechanismUnavailable
from asyncauth.testing import Realm, SambaRealm
from asyncauth.testing.plugin import without

from ...conftest import BACKENDS
from ...layers import LAYERS
from .slapd import Programs


@cache
def _programs(realm: Realm) -> Programs:
    return Programs(realm, realm.add_service("ldapsvc", "ldap/localhost"))


def programs_in(realm: Realm) -> Programs:
    try:
        return _programs(realm)
    except MechanismUnavailable as missing:
        without(str(missing))


@pytest.fixture(scope="session")
def openldap(mit_realm: Realm) -> Programs:
    """OpenLDAP in the MIT realm."""
    return programs_in(mit_realm)


@pytest.fixture(scope="session", params=["ad_realm", "mit_realm"])
def either_openldap(request: pytest.FixtureRequest) -> Programs:
    """OpenLDAP in each kind of realm."""
    return programs_in(request.getfixturevalue(request.param))


@pytest.fixture(scope="session")
def controller(ad_realm: SambaRealm) -> SambaRealm:
    """A Samba domain controller."""
    return ad_realm


@pytest.fixture(params=LAYERS)
def layer(request: pytest.FixtureRequest) -> str:
    """The name of each of our layers."""
    name: str = request.param
    return name


@pytest.fixture
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """The loop below the layer; asyncio where a test has none."""
    if "layer" in request.fixturenames:
        return BACKENDS[LAYERS[request.getfixturevalue("layer")][1]]
    return BACKENDS["asyncio"]
