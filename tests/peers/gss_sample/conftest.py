"""The programs in a realm, and our layers and loops."""

from __future__ import annotations

import pytest

from asyncauth import MechanismUnavailable
from asyncauth.testing.plugin import without

from ...layered import anyio_backend, layer, layer_name  # noqa: F401 - fixtures
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
