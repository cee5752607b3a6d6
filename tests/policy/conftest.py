"""Our layers and loops, and the mechanisms of both sides."""

from __future__ import annotations

from typing import Any

import pytest

from asyncauth.abc import Mechanism
from asyncauth.mechanisms import CredentialCache, Kerberos, Keytab, Negotiate

from ..conftest import BACKENDS
from ..layers import LAYERS, Layer
from ..services import House


@pytest.fixture(params=LAYERS)
def layer_name(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def layer(layer_name: str) -> Layer:
    """Each of our layers."""
    return LAYERS[layer_name][0]


@pytest.fixture
def anyio_backend(layer_name: str) -> Any:
    """The loop below the layer."""
    return BACKENDS[LAYERS[layer_name][1]]


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
