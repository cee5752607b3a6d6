"""Our layers and loops, and the mechanisms of both sides."""

from __future__ import annotations

import pytest

from asyncauth.abc import Mechanism
from asyncauth.mechanisms import CredentialCache, Kerberos, Keytab, Negotiate

from ..layered import anyio_backend, layer, layer_name  # noqa: F401 - fixtures
from ..services import House


@pytest.fixture(params=[Negotiate, Kerberos])
def kind(request: pytest.FixtureRequest) -> type[Negotiate] | type[Kerberos]:
    """SPNEGO, and Kerberos alone."""
    made: type[Negotiate] | type[Kerberos] = request.param
    return made


@pytest.fixture
def alice(house: House, kind: type[Negotiate]) -> Mechanism:
    return kind(CredentialCache(house.cache))


@pytest.fixture
def sockauth(house: House, kind: type[Negotiate]) -> Mechanism:
    return kind(Keytab(house.service.keytab))
