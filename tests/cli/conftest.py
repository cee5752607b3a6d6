"""The realm and the accounts for these tests, and the command line in that realm."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from asyncauth.testing import SambaRealm, Service

from ._process import Cli, Inside, environment

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def logger() -> Iterator[None]:
    """The command line takes the library's logger for the process, which here has others to serve."""
    found = logging.getLogger("asyncauth")
    before = found.handlers[:], found.propagate, found.level
    yield
    handlers, found.propagate, level = before
    found.handlers[:] = handlers
    found.setLevel(level)


@pytest.fixture
def name() -> str:
    """A name that no other test uses: the realm lives as long as the session."""
    return f"cli{next(_numbers)}"


@pytest.fixture(scope="session")
def cli(ad_realm: SambaRealm) -> Cli:
    """The command line as alice."""
    return Cli(environment(**ad_realm.env))


@pytest.fixture(scope="session")
def inside(ad_realm: SambaRealm) -> Inside:
    """The same in this process, which is in the realm anyway."""
    domain = {name: value for name, value in ad_realm.env.items() if name != "KRB5_CONFIG"}
    return Inside(domain)


@pytest.fixture(scope="session")
def admin(ad_realm: SambaRealm) -> tuple[str, str]:
    """Options that make somebody the domain's administrator."""
    return "--cache", ad_realm.ticket("administrator")


@pytest.fixture(scope="session")
def service(ad_realm: SambaRealm) -> Service:
    """An account that may serve as ``Echo/localhost``."""
    return ad_realm.add_service("cliservice", "Echo/localhost")


@pytest.fixture(scope="session")
def keytab(service: Service) -> Path:
    """Its keys."""
    return service.keytab


@pytest.fixture(scope="session")
def impostor(ad_realm: SambaRealm) -> Service:
    """Another account, with a key of its own."""
    return ad_realm.add_service("cliimpostor", "Echo/impostor.example.test")
