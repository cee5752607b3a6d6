"""Directories for these tests: a real domain controller's, and one in memory that must behave the same."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from asyncauth.discovery import Directory, DirectoryProtocol, Dns
from asyncauth.mechanisms import CredentialCache, Kerberos
from asyncauth.testing import Realm
from asyncauth.testing._directory import MemoryDirectory

_numbers = itertools.count(1)


@pytest.fixture(params=["asyncio", "asyncio+uvloop", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Every loop in turn."""
    name, _, uvloop = request.param.partition("+")
    return name, {"use_uvloop": True} if uvloop else {}


@pytest.fixture
def name() -> str:
    """A name that no other test uses: the realm lives as long as the session."""
    return f"disco{next(_numbers)}"


@pytest.fixture(scope="session")
def dns(ad_realm: Realm) -> Dns:
    """The realm's own name server."""
    return Dns(ad_realm.env["ASYNCAUTH_NAMESERVER"])


@pytest.fixture(scope="session")
def administrator(ad_realm: Realm) -> Kerberos:
    """Credentials that may write."""
    return Kerberos(CredentialCache(ad_realm.ticket("administrator")))


@pytest.fixture(scope="session")
def real_directory(ad_realm: Realm, administrator: Kerberos, dns: Dns) -> Iterator[Directory]:
    """The realm's domain, its controllers looked up in its DNS."""
    directory = Directory(ad_realm.domain, administrator, dns=dns)
    yield directory
    anyio.run(directory.aclose)


@pytest.fixture
def memory() -> MemoryDirectory:
    """A fresh domain in memory."""
    return MemoryDirectory()


@pytest.fixture(params=["memory", "real"])
def directory(request: pytest.FixtureRequest) -> DirectoryProtocol:
    """Each kind in turn; the real one lives on, so use fresh names."""
    chosen: DirectoryProtocol = request.getfixturevalue(
        "memory" if request.param == "memory" else "real_directory"
    )
    return chosen
