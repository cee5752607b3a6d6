"""Accounts' SIDs and groups, asked of the directory: for clients whose ticket has no PAC, and for groups by name.

``tokenGroups`` (MS-ADTS 3.1.1.4.5.19) is what a controller works out when asked for exactly one object: the SIDs of all
groups the account is in, nested ones and the primary one included. It is the set that a logon at that controller
gives, so also the domain-local and built-in groups of the account's own domain, which a PAC for a service leaves out.

A principal is not an account's name: other realms have an alice too, and a userPrincipalName may be any text.
So a principal is looked for in its own realm's domain only, under exactly that name, without the ``$`` that may be left
out of computers' names elsewhere; and where two accounts answer to it, nobody does.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from .._errors import DirectoryError, InvalidName, MalformedRecord, ServiceNotFound
from .._sid import Sid
from ._dn import domain_dn, escape_filter
from ._entry import DirectoryProtocol, Entry, Scope

__all__ = ["GroupLookup"]

T = TypeVar("T")

_DN = re.compile(r"\s*[A-Za-z][-A-Za-z0-9.]*\s*=|<")
_READ = ("objectSid", "objectClass", "sAMAccountName")
_ESCAPE, _PLAIN = re.compile(r"\\(.)", re.DOTALL), r"\1"


class GroupLookup:
    """SIDs and groups of accounts, from a directory, with a memory.

    Runs on asyncio and Trio as the directory does, and raises what it raises. What was found is believed for
    ``max_age`` seconds: who is taken out of a group keeps it that long. Failures are not kept. A cancelled call leaves
    nothing behind. For one event loop at a time.

    :param directory: reading ``tokenGroups`` takes a right that every user has in a domain made with defaults;
        otherwise membership in *Windows Authorization Access Group*
    :param max_age: seconds
    :param max_entries: answers kept of each kind; the one unused for longest goes first
    """

    def __init__(
        self, directory: DirectoryProtocol, *, max_age: float = 300.0, max_entries: int = 10_000
    ) -> None:
        if max_age < 0 or max_entries < 1:
            raise ValueError("max_age is 0 or more seconds, max_entries 1 or more")
        self._directory = directory
        self._sids: _Memory[Sid] = _Memory(max_age, max_entries)
        self._groups: _Memory[_Membership] = _Memory(max_age, max_entries)

    async def sid_of(self, name: str, *, group: bool = False) -> Sid:
        r"""The SID of an account or group.

        :param name: the text of a SID, which is not looked up; sAMAccountName; ``DOMAIN\name`` with the NetBIOS or DNS
            name of a domain of the forest; user principal name; or distinguished name
        :param group: it must be a group
        :raises ServiceNotFound: there is none of that name, or it is no group
        :raises DirectoryError: the directory could not be asked, or two answer to the name
        """
        try:
            return Sid.parse(name)
        except InvalidName:
            return await self._sids.get((name.casefold(), group), lambda: self._find_sid(name, group))

    async def groups_of(self, principal: str) -> frozenset[Sid]:
        """SIDs of all groups that an account is in, the account's own SID not among them.

        :param principal: ``alice@EXAMPLE.TEST``, the realm that of the directory's domain; or a distinguished name
        :raises ServiceNotFound: no account is called exactly so, or the realm is another
        :raises DirectoryError: the directory could not be asked, does not let us read, or two accounts answer
        """
        return (await self._membership(principal)).groups

    async def identity_of(self, principal: str) -> tuple[Sid, frozenset[Sid]]:
        """The account's own SID and those of its groups; as :meth:`groups_of`, from the same answer."""
        membership = await self._membership(principal)
        return membership.sid, membership.groups

    async def _membership(self, principal: str) -> _Membership:
        return await self._groups.get(principal, lambda: self._find_membership(principal))

    async def _find_sid(self, name: str, group: bool) -> Sid:
        entry = await self._by_dn(name) if _DN.match(name) else await self._by_name(name, group)
        if entry is None or (group and not entry.is_a("group")):
            raise ServiceNotFound(
                f"the domain {self._directory.domain} has no {'group' if group else 'account or group'} {name!r}",
                fix="give its sAMAccountName, its distinguished name, or its SID",
            )
        return _sid(entry)

    async def _by_dn(self, dn: str) -> Entry | None:
        return await self._directory.read(dn, _READ)

    async def _by_name(self, name: str, group: bool) -> Entry | None:
        domain, backslash, account = name.rpartition("\\")
        base = await self._domain_called(domain) if backslash else domain_dn(self._directory.domain)
        if base is None:
            return None
        names = _called(account, self._directory.domain)
        return await self._only(base, f"(&(objectClass=group){names})" if group else names, name)

    async def _only(self, base: str, condition: str, name: str) -> Entry | None:
        found = await self._directory.search(base, condition, _READ)
        if len(found) > 1:
            raise DirectoryError(
                f"{name!r} is the name of {' and of '.join(sorted(entry.dn for entry in found))}",
                fix="give the SID or the distinguished name, or change one's userPrincipalName",
            )
        return found[0] if found else None

    async def _domain_called(self, name: str) -> str | None:
        """DN of the domain of that NetBIOS or DNS name in the forest."""
        root = await self._directory.search(
            "", "(objectClass=*)", ("configurationNamingContext",), scope=Scope.BASE
        )
        configuration = root[0].text("configurationNamingContext") if root else None
        if configuration is None:
            raise DirectoryError(
                f"a controller of {self._directory.domain} does not say where the forest's configuration is",
                fix="check that it is a domain controller",
            )
        text = escape_filter(name)
        condition = f"(&(objectClass=crossRef)(nETBIOSName=*)(|(nETBIOSName={text})(dnsRoot={text})))"
        found = await self._directory.search(f"CN=Partitions,{configuration}", condition, ("nCName",))
        return found[0].text("nCName") if len(found) == 1 else None

    async def _find_membership(self, principal: str) -> _Membership:
        entry = await self._by_dn(principal) if _DN.match(principal) else await self._by_principal(principal)
        if entry is None:
            raise ServiceNotFound(
                f"the domain {self._directory.domain} has no account for the principal {principal!r}",
                fix="use a principal of the domain's own realm; for other realms take SIDs from the ticket",
            )
        own = await self._directory.read(entry.dn, ("objectSid", "tokenGroups"))
        groups = frozenset() if own is None else frozenset(_sids(own, "tokenGroups"))
        if own is None or not groups:
            raise DirectoryError(
                f"the groups of {entry.dn} cannot be read",
                fix="let this account read tokenGroups: put it in Windows Authorization Access Group",
            )
        return _Membership(_sid(own), groups)

    async def _by_principal(self, principal: str) -> Entry | None:
        escaped, _, realm = principal.rpartition("@")
        if realm.casefold() != self._directory.domain.casefold():
            return None
        name = f"{_ESCAPE.sub(_PLAIN, escaped)}@{realm}"
        return await self._only(
            domain_dn(self._directory.domain), _called(name, self._directory.domain), principal
        )


@dataclass(frozen=True, slots=True)
class _Membership:
    sid: Sid
    groups: frozenset[Sid]


def _called(name: str, domain: str) -> str:
    """The filter for an account: every one has the user principal name ``account@domain`` beside its own."""
    local, at, suffix = name.rpartition("@")
    account = local if at and suffix.casefold() == domain.casefold() else name
    return f"(|(sAMAccountName={escape_filter(account)})(userPrincipalName={escape_filter(name)}))"


class _Memory(Generic[T]):
    """Answers by question, for a while."""

    def __init__(self, max_age: float, max_entries: int) -> None:
        self._max_age, self._max_entries = max_age, max_entries
        self._kept: dict[object, tuple[float, T]] = {}

    async def get(self, key: object, find: Callable[[], Awaitable[T]]) -> T:
        now = time.monotonic()
        found = self._kept.pop(key, None)
        if found is None or now - found[0] >= self._max_age:
            found = (now, await find())  # its age counts from before the question
            self._kept.pop(key, None)
        self._kept[key] = found  # behind all others
        if len(self._kept) > self._max_entries:
            del self._kept[next(iter(self._kept))]
        return found[1]


def _sid(entry: Entry) -> Sid:
    for sid in _sids(entry, "objectSid"):
        return sid
    raise MalformedRecord(f"{entry.dn} came without its objectSid", fix="let this account read the attribute")


def _sids(entry: Entry, attribute: str) -> list[Sid]:
    try:
        return [Sid.from_bytes(value) for value in entry.values(attribute)]
    except InvalidName as error:
        raise MalformedRecord(
            f"the attribute {attribute} of {entry.dn} is no SID", fix="ask another controller"
        ) from error
