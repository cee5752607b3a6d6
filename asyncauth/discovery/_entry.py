"""What the record classes need of a directory: entries, changes, and a protocol to put one's own behind.

:class:`~asyncauth.discovery.Directory` fits :class:`DirectoryProtocol` over LDAP, and
``asyncauth.testing.MemoryDirectory`` in memory. Values are bytes, as LDAP has them; where a directory is
written, text may be given and is sent as UTF-8.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal, Protocol

from .._errors import MalformedRecord

__all__ = ["Change", "DirectoryProtocol", "Entry", "Scope", "Values", "encoded"]

Values = Sequence[str | bytes]
"""Values of one attribute, to be written; text is sent as UTF-8."""


def encoded(values: Iterable[str | bytes]) -> tuple[bytes, ...]:
    """The values as bytes."""
    return tuple(value.encode() if isinstance(value, str) else bytes(value) for value in values)


class Scope(Enum):
    """How far below its base a search looks."""

    BASE = "base"
    """The base object only."""
    ONE = "one"
    """Its immediate children."""
    SUBTREE = "subtree"
    """The base and everything under it."""


class Entry:
    """One object of the directory, or as much of it as was asked for.

    :param dn: the distinguished name, exactly as the directory writes it
    :param attributes: values by attribute name; the case of names does not matter
    """

    __slots__ = ("_attributes", "dn")

    def __init__(self, dn: str, attributes: Mapping[str, Iterable[bytes]]) -> None:
        self.dn = dn
        self._attributes = {name.casefold(): (name, tuple(values)) for name, values in attributes.items()}

    @property
    def attributes(self) -> dict[str, list[bytes]]:
        """A copy of everything, under the names the directory uses."""
        return {name: list(values) for name, values in self._attributes.values()}

    def values(self, name: str) -> tuple[bytes, ...]:
        """All values of an attribute, none if it is absent."""
        return self._attributes.get(name.casefold(), (name, ()))[1]

    def texts(self, name: str) -> tuple[str, ...]:
        """All values as text; MalformedRecord if one is not UTF-8."""
        try:
            return tuple(value.decode() for value in self.values(name))
        except UnicodeDecodeError as error:
            raise MalformedRecord(
                f"the attribute {name} of {self.dn} is not text", fix="write the attribute anew"
            ) from error

    def text(self, name: str) -> str | None:
        """The value of a single-valued attribute, None if it is absent; MalformedRecord as for texts."""
        return next(iter(self.texts(name)), None)

    def is_a(self, object_class: str) -> bool:
        """True if the object is of that class, directly or by inheritance."""
        return object_class.casefold() in (name.casefold() for name in self.texts("objectClass"))

    @property
    def guid(self) -> uuid.UUID:
        """The objectGUID, which survives renaming and moving; it must have been asked for."""
        for value in self.values("objectGUID"):
            if len(value) == 16:  # noqa: PLR2004 - the bytes of a UUID
                return uuid.UUID(bytes_le=value)
        raise MalformedRecord(
            f"{self.dn} came without its objectGUID", fix="ask for the attribute objectGUID"
        )

    def __repr__(self) -> str:
        return f"<Entry {self.dn}: {', '.join(name for name, _ in self._attributes.values())}>"


@dataclass(frozen=True)
class Change:
    """A change of one attribute.

    :param kind: ``add`` values, ``delete`` values (all of them, if none are given), or ``replace`` them all
    """

    kind: Literal["add", "delete", "replace"]
    attribute: str
    values: Values = ()


class DirectoryProtocol(Protocol):
    """A directory that can hold service records.

    A DN may also be ``<GUID=...>`` or ``<WKGUID=...,DN>`` (MS-ADTS 3.1.1.3.1.2.4). Every method raises
    :exc:`~asyncauth.DirectoryError` if the directory cannot be asked or refuses. A cancelled read leaves
    nothing behind; a cancelled write may or may not have been carried out.
    """

    @property
    def domain(self) -> str:
        """DNS name of the domain whose entries are read and written unless a DN says otherwise."""
        ...

    async def search(
        self,
        base: str,
        condition: str,
        attributes: Sequence[str],
        *,
        scope: Scope = Scope.SUBTREE,
        catalogue: bool = False,
    ) -> list[Entry]:
        """Everything under ``base`` that fits an RFC 4515 filter, however much it is.

        :param catalogue: ask the global catalogue, which knows every object of the forest but only some of
            the attributes, and may lag behind; there the base ``""`` is the whole forest
        """
        ...

    async def read(self, dn: str, attributes: Sequence[str]) -> Entry | None:
        """One object, from a controller of its own domain; None if it does not exist."""
        ...

    async def add(self, dn: str, attributes: Mapping[str, Values]) -> bool:
        """Create an object. False, and nothing is changed, if there is one of that name."""
        ...

    async def modify(self, dn: str, changes: Sequence[Change]) -> None:
        """Change an object. Adding a value that is there, or deleting one that is not, is no error."""
        ...

    async def delete(self, dn: str) -> bool:
        """Remove an object that has no children. False if there was none."""
        ...
