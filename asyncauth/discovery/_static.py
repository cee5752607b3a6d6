"""Services that are written down: in code, or in a TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from .._errors import InvalidName, MalformedRecord, ServiceNotFound
from .._types import Target
from ..abc import ServiceQuery
from ._dn import same_host

__all__ = ["Static"]

_FIELDS = {"host": str, "port": int, "spn": str, "address": str}
_NEEDED = ("host", "port", "spn")

Row = Target | Mapping[str, Any]


class Static:
    """A table of targets by service name.

    :param table: for each service one target or several, best first; a target is a Target, or a mapping with
        ``host``, ``port``, ``spn`` and perhaps ``address``
    :raises MalformedRecord: a row that is no target
    """

    def __init__(self, table: Mapping[str, Row | Sequence[Row]], *, source: str = "static table") -> None:
        self._source = source
        self._table = {name.casefold(): self._targets(name, rows) for name, rows in table.items()}

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Static:
        """Read a TOML file: a table for each service, or an array of tables for several targets. Blocks.

        ::

            [files]
            host = "files.example.test"
            port = 9000
            spn = "files/files.example.test"

        :raises MalformedRecord: the file is no TOML, or a row is no target
        :raises OSError: the file cannot be read
        """
        try:
            table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise MalformedRecord(f"{path} is no TOML: {error}", fix="correct the file") from error
        return cls(table, source=str(path))

    async def resolve(self, query: ServiceQuery, /) -> list[Target]:
        """The targets under that name, whatever its case; ServiceNotFound if there are none."""
        found = self._table.get(query.service.casefold(), [])
        chosen = [target for target in found if query.host is None or same_host(target.host, query.host)]
        if not chosen:
            raise ServiceNotFound(
                f"{self._source} has no target for {query}", fix="add one, or correct the name"
            )
        return chosen

    def _targets(self, name: str, rows: Row | Sequence[Row]) -> list[Target]:
        listed = rows if isinstance(rows, Sequence) else [rows]
        return [row if isinstance(row, Target) else self._target(name, row) for row in listed]

    def _target(self, name: str, row: object) -> Target:
        where = f"{name!r} in {self._source}"
        if not isinstance(row, Mapping):
            raise MalformedRecord(f"{where} is no table", fix="give host, port and spn")
        for key, value in row.items():
            kind = _FIELDS.get(key)
            if kind is None or not isinstance(value, kind) or isinstance(value, bool):
                raise MalformedRecord(
                    f"{key} of {where} is not usable", fix=f"give {', '.join(_FIELDS)} only"
                )
        if missing := [key for key in _NEEDED if key not in row]:
            raise MalformedRecord(f"{where} has no {' and no '.join(missing)}", fix="add it")
        try:
            return Target(**{"source": self._source, **row})
        except (ValueError, InvalidName) as error:
            raise MalformedRecord(f"{where} is no target: {error}", fix="correct it") from error
