"""The plugin as other people's projects meet it: pytest in a process and a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

USES = """\
import os

def test_first(realm):
    assert os.environ["KRB5_CONFIG"] == str(realm.config)
    assert "KRB5CCNAME" not in os.environ

def test_both(mit_realm, ad_realm, realm):
    assert realm is ad_realm
    assert os.environ["KRB5_CONFIG"] == f"{ad_realm.config}:{mit_realm.config}"
"""
LACKS = """\
import asyncauth.testing._samba as samba
samba.find_program = lambda _: None
"""
AFTERWARDS = """
def pytest_unconfigure():
    import os
    assert os.environ["KRB5_CONFIG"] == "/before"
    print("put back")
"""


def run(folder: Path, *, ci: str, conftest: str, test: str) -> str:
    """What pytest prints about such a project."""
    (folder / "conftest.py").write_text(conftest)
    (folder / "test_it.py").write_text(test)
    (folder / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    listed = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider",
         "-rsfE", "-W", "error", "--rootdir", str(folder), str(folder)],
        env={**os.environ, "CI": ci, "KRB5_CONFIG": "/before", "PYTHONPATH": os.pathsep.join(sys.path),
             "COLUMNS": "300"},
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return listed.stdout + listed.stderr


def test_the_fixtures_point_the_process_and_put_it_back(tmp_path: Path) -> None:
    printed = run(tmp_path, ci="1", conftest=AFTERWARDS, test=USES)
    assert "2 passed" in printed
    assert "put back" in printed


@pytest.mark.parametrize(("ci", "outcome"), [("", "1 skipped"), ("false", "1 skipped"), ("true", "1 error")])
def test_what_is_missing_is_skipped_but_not_in_ci(tmp_path: Path, ci: str, outcome: str) -> None:
    printed = run(tmp_path, ci=ci, conftest=LACKS, test="def test_it(ad_realm): pass\n")
    assert outcome in printed
    assert "install the Debian packages samba samba-ad-dc" in printed


def test_any_realm_is_mit_where_there_is_no_samba(tmp_path: Path) -> None:
    test = "def test_it(realm): assert realm.kind == 'mit'\n"
    assert "1 passed" in run(tmp_path, ci="1", conftest=LACKS, test=test)


def test_importing_the_helpers_needs_no_pytest() -> None:
    check = "import sys; sys.modules['pytest'] = None; import asyncauth.testing"
    subprocess.run(
        [sys.executable, "-c", check], check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )
