"""A directory in memory, for tests of whatever publishes and locates services."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import anyio.lowlevel

from .._errors import DirectoryError
from ..discovery import Change, Entry, Scope
from ..discovery._dn import domain_dn, parent_of, rdn_value, same_dn, split_dn
from ..discovery._entry import Values, encoded

__all__ = ["MemoryDirectory"]

SYSTEM = "ab1d30f3768811d1aded00c04fd8d5cd"
NOT_IN_CATALOGUE = frozenset(("serviceclassname", "servicednsname", "servicednsnametype"))
"""Attributes of service records that the global catalogue does not have."""

_WELL_KNOWN = re.compile(r"<WKGUID=([0-9A-Fa-f]{32}),(.*)>", re.IGNORECASE)
_GUID = re.compile(r"<GUID=([-0-9A-Fa-f]{32,36})>", re.IGNORECASE)
_TERM = re.compile(r"\(([A-Za-z][-;.A-Za-z0-9]*)=([^()]*)\)")

Test = Callable[["_Object"], bool]


@dataclass(frozen=True)
class _Object:
    dn: str
    attributes: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict)

    def values(self, name: str) -> tuple[bytes, ...]:
        wanted = name.casefold()
        return next((values for key, values in self.attributes.items() if key.casefold() == wanted), ())

    def with_values(self, name: str, values: tuple[bytes, ...]) -> _Object:
        kept = {key: old for key, old in self.attributes.items() if key.casefold() != name.casefold()}
        return replace(self, attributes={**kept, name: values} if values else kept)


class MemoryDirectory:
    """One Active Directory domain in memory; it fits :class:`~asyncauth.discovery.DirectoryProtocol`.

    It has the containers Users, Computers, System and WinsockServices, gives each object its objectGUID and
    uSNChanged, and refuses what a controller would refuse of names: an object whose parent is missing, a second of
    the same name. Of the schema it knows only which attributes of service records are not in the global catalogue,
    of access control nothing. Filters may have ``&``, ``|``, ``!``, equality and presence.

    Faults are made with :meth:`fail_next` and :attr:`lagging`. Not for use by several threads.

    :param domain: DNS name of the domain, which is its own forest
    """

    def __init__(self, domain: str = "example.test") -> None:
        self._domain = domain
        self._objects: dict[tuple[str, ...], _Object] = {}
        self._catalogue: dict[tuple[str, ...], _Object] = {}
        self._failures: list[tuple[Exception, bool]] = []
        self.lagging = False
        """While True the global catalogue does not learn of changes; :meth:`replicate` tells it everything."""
        self.writes = 0
        """How many changes have been made."""
        root = domain_dn(domain)
        self._create(root, {"objectClass": ("domainDNS",)})
        containers = "CN=Users", "CN=Computers", "CN=System", "CN=WinsockServices,CN=System"
        for name in containers:
            self._create(f"{name},{root}", {"objectClass": ("top", "container")})

    @property
    def domain(self) -> str:
        """DNS name of the domain."""
        return self._domain

    def fail_next(self, error: Exception, *, done: bool = False) -> None:
        """Let the next call raise this error; several are raised one after the other.

        :param done: the call does its work first, as when only the answer is lost
        """
        self._failures.append((error, done))

    def replicate(self) -> None:
        """Bring the global catalogue up to date."""
        self._catalogue = dict(self._objects)

    async def search(
        self,
        base: str,
        condition: str,
        attributes: Sequence[str],
        *,
        scope: Scope = Scope.SUBTREE,
        catalogue: bool = False,
    ) -> list[Entry]:
        """As :meth:`asyncauth.discovery.DirectoryProtocol.search`."""
        await self._begin()
        test = _parse(condition)
        below = () if not base else self._key(base)
        if below is None:
            return []
        objects = (self._catalogue if catalogue else self._objects).items()
        found = [held for key, held in objects if _in_scope(key, below, scope)]
        shown = [_without(held, NOT_IN_CATALOGUE) if catalogue else held for held in found]
        self._end()
        return [_entry(held, attributes) for held in shown if test(held)]

    async def read(self, dn: str, attributes: Sequence[str]) -> Entry | None:
        """As :meth:`asyncauth.discovery.DirectoryProtocol.read`."""
        found = await self.search(dn, "(objectClass=*)", attributes, scope=Scope.BASE)
        return found[0] if found else None

    async def add(self, dn: str, attributes: Mapping[str, Values]) -> bool:
        """As :meth:`asyncauth.discovery.DirectoryProtocol.add`."""
        await self._begin()
        if _normal(dn) in self._objects:
            return False
        if _normal(parent_of(dn)) not in self._objects:
            raise _refused(f"add {dn}: its parent does not exist", "LDAP 32 noSuchObject")
        self._create(dn, attributes)
        self._end()
        return True

    async def modify(self, dn: str, changes: Sequence[Change]) -> None:
        """As :meth:`asyncauth.discovery.DirectoryProtocol.modify`."""
        await self._begin()
        key = self._key(dn)
        if key is None:
            raise _refused(f"change {dn}: it does not exist", "LDAP 32 noSuchObject")
        held = self._objects[key]
        for change in changes:
            held = held.with_values(change.attribute, _changed(held.values(change.attribute), change))
        self._store(key, held)
        self._end()

    async def delete(self, dn: str) -> bool:
        """As :meth:`asyncauth.discovery.DirectoryProtocol.delete`."""
        await self._begin()
        key = self._key(dn)
        if key is None:
            return False
        if any(_in_scope(other, key, Scope.ONE) for other in self._objects):
            raise _refused(f"remove {dn}: there are objects under it", "LDAP 66 notAllowedOnNonLeaf")
        del self._objects[key]
        self._written()
        self._end()
        return True

    def _create(self, dn: str, attributes: Mapping[str, Values]) -> None:
        values = {name: encoded(given) for name, given in attributes.items()}
        rdn = split_dn(dn)[0]
        own = {
            "distinguishedName": (dn.encode(),),
            "objectGUID": (uuid.uuid4().bytes_le,),
            rdn.partition("=")[0].strip().lower(): (rdn_value(rdn).encode(),),
        }
        self._store(_normal(dn), _Object(dn, {**values, **own}))

    def _store(self, key: tuple[str, ...], held: _Object) -> None:
        self._objects[key] = held.with_values("uSNChanged", (str(self.writes + 1).encode(),))
        self._written()

    def _written(self) -> None:
        self.writes += 1
        if not self.lagging:
            self.replicate()

    def _key(self, dn: str) -> tuple[str, ...] | None:
        if found := _GUID.fullmatch(dn):
            wanted = uuid.UUID(found[1]).bytes_le
            return next(
                (key for key, held in self._objects.items() if held.values("objectGUID") == (wanted,)), None
            )
        if found := _WELL_KNOWN.fullmatch(dn):
            if found[1].lower() != SYSTEM or not same_dn(found[2], domain_dn(self._domain)):
                return None
            dn = f"CN=System,{found[2]}"
        key = _normal(dn)
        return key if key in self._objects or key in self._catalogue else None

    async def _begin(self) -> None:
        await anyio.lowlevel.checkpoint()
        if self._failures and not self._failures[0][1]:
            raise self._failures.pop(0)[0]

    def _end(self) -> None:
        if self._failures:
            raise self._failures.pop(0)[0]


def _normal(dn: str) -> tuple[str, ...]:
    return tuple(rdn.strip().casefold() for rdn in split_dn(dn))


def _in_scope(key: tuple[str, ...], base: tuple[str, ...], scope: Scope) -> bool:
    depth = len(key) - len(base)
    if depth < 0 or key[depth:] != base:
        return False
    return depth == 0 if scope is Scope.BASE else depth == 1 if scope is Scope.ONE else True


def _without(held: _Object, hidden: frozenset[str]) -> _Object:
    shown = {name: values for name, values in held.attributes.items() if name.casefold() not in hidden}
    return replace(held, attributes=shown)


def _entry(held: _Object, attributes: Sequence[str]) -> Entry:
    if "*" in attributes:
        return Entry(held.dn, held.attributes)
    values = {name: held.values(name) for name in attributes}
    return Entry(held.dn, {name: found for name, found in values.items() if found})


def _changed(present: tuple[bytes, ...], change: Change) -> tuple[bytes, ...]:
    given = encoded(change.values)
    if change.kind == "replace":
        return given
    if change.kind == "add":
        return (*present, *(value for value in given if value not in present))
    return tuple(value for value in present if value not in given) if given else ()


def _refused(what: str, code: str) -> DirectoryError:
    return DirectoryError(f"the directory in memory refused to {what}", fix="correct the name", code=code)


def _parse(condition: str) -> Test:
    test, rest = _one(condition)
    if rest:
        raise _refused(f"read the filter {condition}", "LDAP 87 filter error")
    return test


def _one(text: str) -> tuple[Test, str]:
    """The first condition of a text, and what follows it."""
    if found := _TERM.match(text):
        return _comparison(found[1], found[2]), text[found.end() :]
    if text[:2] not in {"(&", "(|", "(!"}:
        raise _refused(f"read the filter {text}", "LDAP 87 filter error")
    tests, rest = list[Test](), text[2:]
    while rest and not rest.startswith(")"):
        test, rest = _one(rest)
        tests.append(test)
    if not rest:
        raise _refused(f"read the filter {text}", "LDAP 87 filter error")
    combine = {"(&": _all, "(|": _any, "(!": _none}[text[:2]]
    return combine(tests), rest[1:]


def _comparison(name: str, value: str) -> Test:
    if value == "*":
        return lambda held: bool(held.values(name))
    wanted = b"".join(_octets(value)).lower()
    return lambda held: any(present.lower() == wanted for present in held.values(name))


def _octets(value: str) -> Iterator[bytes]:
    for found in re.finditer(r"\\([0-9A-Fa-f]{2})|(.)", value, re.DOTALL):
        yield bytes.fromhex(found[1]) if found[1] else found[2].encode()


def _all(tests: list[Test]) -> Test:
    return lambda held: all(test(held) for test in tests)


def _any(tests: list[Test]) -> Test:
    return lambda held: any(test(held) for test in tests)


def _none(tests: list[Test]) -> Test:
    return lambda held: not any(test(held) for test in tests)
