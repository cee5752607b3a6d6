"""A service whose keytab is looked at, made for each test, and what MIT's own tools say of a file."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from asyncauth import ServicePrincipalName
from asyncauth.testing import Realm, Service

from ..services import House

_numbers = itertools.count(1)


@dataclass
class Subject:
    """A service of its own.

    :param keytab: all of its present keys, as the realm's own tools export them
    """

    realm: Realm
    service: Service
    spn: str

    @property
    def keytab(self) -> Path:
        return self.service.keytab

    @property
    def name(self) -> ServicePrincipalName:
        return ServicePrincipalName.parse(self.spn)

    @property
    def principal(self) -> str:
        return f"{self.spn}@{self.realm.name}"

    def mit(self, *command: str | Path) -> str:
        """What a tool of MIT's prints, in the realm; it must succeed."""
        environment = self.realm.env | {"PATH": "/usr/bin:/bin"}
        arguments = [str(part) for part in command]
        done = subprocess.run(
            arguments, capture_output=True, text=True, env=environment, timeout=30, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def subject(either_house: House) -> Subject:
    """On a DC and on an MIT KDC."""
    return _subject(either_house.realm)


@pytest.fixture
def ad_subject(house: House) -> Subject:
    """On a DC."""
    return _subject(house.realm)


def _subject(realm: Realm) -> Subject:
    number = next(_numbers)
    spn = f"Keyed/number{number}.example.test"
    return Subject(realm, realm.add_service(f"keyed{number}", spn), spn)


@pytest.fixture
def klist(subject: Subject) -> Callable[[Path], list[tuple[int, str, str]]]:
    """Version, principal and key (in hexadecimal) of each entry, by MIT's klist."""

    def read(path: Path) -> list[tuple[int, str, str]]:
        lines = subject.mit("klist", "-k", "-K", "-e", path).splitlines()[3:]
        found = []
        for line in lines:
            kvno, principal, *_, key = line.split()
            found.append((int(kvno), principal, key.strip("()").removeprefix("0x")))
        return found

    return read
