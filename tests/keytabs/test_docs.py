"""docs/credentials.md, command by command."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from asyncauth.mechanisms import Negotiate
from asyncauth.testing import SambaRealm, Service

from ..cli._process import Inside

DOCUMENT = Path(__file__).parents[2] / "docs" / "credentials.md"
NEXT = "Zz9.the-password-after-this-one"
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


def blocks(language: str) -> list[str]:
    """The contents of the fenced blocks in that language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture
def service(ad_realm: SambaRealm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Service:
    """The page's account and files."""
    service = ad_realm.add_service("websvc", "HTTP/app1.example.test", "HTTP/app2.example.test")
    (tmp_path / "all.keytab").write_bytes(service.keytab.read_bytes())
    (tmp_path / "all.keytab").chmod(0o600)
    (tmp_path / "password").write_text(service.password)
    (tmp_path / "next-password").write_text(NEXT)
    (tmp_path / "alices-password").write_text(ad_realm.users["alice"].password)
    monkeypatch.chdir(tmp_path)
    return service


def test_the_commands_print_what_the_page_says(ad_realm: SambaRealm, service: Service) -> None:
    inside = Inside(ad_realm.env)
    ran = 0
    for block in blocks("console"):
        for piece in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, printed = piece.partition("\n")
            program, *arguments = command.split()
            assert program == "asyncauth"
            if "alices-password" in arguments:
                ad_realm.change_password(service, NEXT)
            done = inside(*arguments)
            assert done.returncode == 0, done.stderr
            assert _TIME.sub("", done.stdout.decode()) == _TIME.sub("", printed)
            ran += 1
    assert ran == 6


def test_the_python_runs() -> None:
    (code,) = blocks("python")
    names: dict[str, Any] = {"read_secret": lambda: "x"}
    exec(code, names)  # noqa: S102 - our own page
    assert sum(isinstance(value, Negotiate) for value in names.values()) == 4
