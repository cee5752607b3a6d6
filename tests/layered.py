"""The fixtures of tests that run on each of our layers; import them where they are wanted."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import BACKENDS
from .layers import LAYERS, Layer

__all__ = ["anyio_backend", "layer", "layer_name"]


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
