"""Tables of services: in code and in TOML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from asyncauth import _errors
from asyncauth._types import Target
from asyncauth.abc import Resolver, ServiceQuery
from asyncauth.discovery import Static

pytestmark = pytest.mark.anyio

ROW = {"host": "files.example.test", "port": 9000, "spn": "files/files.example.test"}


async def test_rows_and_targets() -> None:
    other = Target("b.example.test", 1, "x/b.example.test")
    table = Static({"Files": ROW, "both": [{**ROW, "address": "192.0.2.1"}, other]})
    assert isinstance(table, Resolver)
    (target,) = await table.resolve(ServiceQuery("files"))
    assert target == Target("files.example.test", 9000, "files/files.example.test", "static table")
    both = await table.resolve(ServiceQuery("BOTH"))
    assert [found.address for found in both] == ["192.0.2.1", None]
    assert await table.resolve(ServiceQuery("both", "B.example.test.")) == [other]


async def test_nothing_there() -> None:
    for query in (ServiceQuery("nope"), ServiceQuery("files", "other.example.test")):
        with pytest.raises(_errors.ServiceNotFound, match="static table has no target") as caught:
            await Static({"files": ROW, "none": []}).resolve(query)
        assert caught.value.fix


async def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "services.toml"
    path.write_text(
        '[files]\nhost = "files.example.test"\nport = 9000\nspn = "files/files.example.test"\n'
        '[[two]]\nhost = "a"\nport = 1\nspn = "x/a"\n[[two]]\nhost = "b"\nport = 2\nspn = "x/b"\n'
    )
    table = Static.load(path)
    assert (await table.resolve(ServiceQuery("files")))[0].source == str(path)
    assert [target.port for target in await table.resolve(ServiceQuery("two"))] == [1, 2]


@pytest.mark.parametrize("text", ["[files", "files = 3", "[files]\nhost = 1", '[files]\nhost = "x"'])
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "services.toml"
    path.write_text(text)
    with pytest.raises(_errors.MalformedRecord, match=r"services\.toml") as caught:
        Static.load(path)
    assert caught.value.fix


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"port": "9000"}, "port of 'x'"),
        ({"port": True}, "port of 'x'"),
        ({"port": 0}, "'x' in static table is no target"),
        ({"spn": "no host"}, "'x' in static table is no target"),
        ({"host": ""}, "no target"),
        ({"unknown": 1}, "unknown of 'x'"),
    ],
)
def test_what_is_no_row(change: dict[str, Any], said: str) -> None:
    with pytest.raises(_errors.MalformedRecord, match=said):
        Static({"x": {**ROW, **change}})
