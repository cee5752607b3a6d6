"""Parts for provoking failures: configuration of our own, a directory without its rules, another user, other clocks."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from asyncauth.testing import SambaRealm, Service, User

from ..services import House


class Partition:
    """The partition of a domain's database, below the modules that know its rules."""

    def __init__(self, realm: SambaRealm) -> None:
        folder = realm.directory / "private" / "sam.ldb.d"
        self._file = folder / f"{realm.base_dn.upper()}.ldb"
        self._base = realm.base_dn

    def change(self, account: User | Service, how: str, attribute: str, value: str) -> None:
        """Add or replace a value of an account's attribute."""
        dn = f"CN={account.name},CN=Users,{self._base}"
        text = f"dn: {dn}\nchangetype: modify\n{how}: {attribute}\n{attribute}: {value}\n"
        subprocess.run(
            ["ldbmodify", "-H", str(self._file)], input=text, text=True, check=True, capture_output=True
        )


@pytest.fixture
def partition(ad_realm: SambaRealm) -> Partition:
    return Partition(ad_realm)


@pytest.fixture
def public_conf(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The realm's krb5.conf where everybody may read it."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        copy = Path(folder) / "krb5.conf"
        copy.write_bytes(house.realm.config.read_bytes())
        monkeypatch.setenv("KRB5_CONFIG", str(copy))
        yield


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A krb5.conf that is read after those of the realms; empty until something is written."""
    path = tmp_path / "krb5.conf"
    path.write_text("")
    before = os.environ.get("KRB5_CONFIG")
    monkeypatch.setenv("KRB5_CONFIG", f"{before}:{path}" if before else str(path))
    return path
