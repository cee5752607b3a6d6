"""The programs in a realm, and our layers and loops."""

from __future__ import annotations

from typing import Any

import pytest

from asyncauth import MechanismUnavailable
from asyncauth.testing.plugin import without

from ...conftest import BACKENDS
from ...layers import LAYERS, Layer
from ...services import House
from .programs import Samples


def samples_in(house: House) -> Samples:
    try:
        return Samples(house)
    except MechanismUnavailable as missing:
        without(str(missing))


@pytest.fixture(scope="session")
def samples(house: House) -> Samples:
    """The programs in the AD realm."""
    return samples_in(house)


@pytest.fixture(scope="session")
def either_samples(either_house: House) -> Samples:
    """The programs in each kind of realm."""
    return samples_in(either_house)


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
