"""The allow-list.

A list says who may, never who may not: a rule that fits lets a client in, and no rule takes that back. So a rule that
cannot be checked can only refuse: a ticket without a PAC where nobody can be asked for the groups, a directory that
does not answer, a name in a realm that is not the directory's.

A group's name is resolved to its SID once, and SIDs are compared. A group that is deleted and made anew under its old
name is another group; the service is told of it when it starts anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Self, TypeVar

from .._errors import AsyncAuthError, AuthorizationError, InvalidName
from .._sid import Sid
from ._decision import Decision
from ._rules import KINDS, split_rule

if TYPE_CHECKING:
    from .._types import ConnectionInfo, Peer
    from ..discovery import DirectoryProtocol, GroupLookup

__all__ = ["Allow"]

T = TypeVar("T")

_BUILTIN = Sid(5, (32,))


class Allow:
    """A list of who may use a service, to be called with a client's :class:`~asyncauth.ConnectionInfo`.

    Any one rule of any list that fits allows; a list without rules refuses everybody, as does a client without a
    name. SIDs and groups come from the ticket's PAC; where a Kerberos ticket has none, from the directory, if one is
    given and the client's realm is that of its domain.

    :param principals: shell patterns for the full name, case included: ``alice@EXAMPLE.TEST``, ``*@EXAMPLE.TEST``,
        ``host/*@EXAMPLE.TEST``; ``*``, ``?`` and ``[...]``. Without its realm a pattern such as ``alice*`` lets in
        the alice of every realm that is trusted
    :param realms: realms in full, case included, as Kerberos has them
    :param sids: SIDs of accounts or groups; text is parsed
    :param groups: groups by a name that :meth:`~asyncauth.discovery.GroupLookup.sid_of` knows, or by SID
    :param directory: for names of groups, and for clients whose ticket has no PAC
    :raises InvalidName: one of ``sids`` is no SID, or belongs to a built-in group (``S-1-5-32-...``), which no ticket
        carries
    :raises ValueError: names of groups without a directory
    """

    def __init__(
        self,
        principals: Iterable[str] = (),
        realms: Iterable[str] = (),
        sids: Iterable[Sid | str] = (),
        groups: Iterable[Sid | str] = (),
        directory: DirectoryProtocol | GroupLookup | None = None,
    ) -> None:
        self._principals = _listed("principals", principals)
        self._realms = _listed("realms", realms)
        self._sids = {sid: f"sid:{sid}" for sid in map(_sid, _listed("sids", sids))}
        self._groups: dict[Sid, str] = {}
        self._unresolved: list[str] = []
        for group in _listed("groups", groups):
            self._add_group(group)
        self._lookup = None if directory is None else _lookup(directory)
        if self._unresolved and self._lookup is None:
            raise ValueError(f"groups by name need a directory: {', '.join(self._unresolved)}")

    @classmethod
    def of(cls, rules: Iterable[str], directory: DirectoryProtocol | GroupLookup | None = None) -> Self:
        """The list that rules make, as ``asyncauth serve --allow`` takes them.

        :param rules: ``realm:EXAMPLE.TEST``, ``sid:S-1-5-...``, ``group:Name``; everything else, and what follows
            ``principal:``, is a pattern for the full name
        :raises InvalidName: what follows ``sid:`` is no SID, or nothing follows
        :raises ValueError: ``group:`` with a name, and no directory
        """
        lists: dict[str, list[str]] = {kind: [] for kind in KINDS}
        for rule in rules:
            kind, value = split_rule(rule)
            lists[kind].append(value)
        return cls(lists["principal"], lists["realm"], lists["sid"], lists["group"], directory)

    async def prepare(self) -> None:
        """Look the groups up now, so that a name that is none fails at the start and not at the first client.

        Otherwise they are looked up when a client is not allowed by anything else. Cancelled, it can be called again.

        :raises ServiceNotFound: a group that does not exist
        :raises InvalidName: a built-in group
        :raises DirectoryError: the directory could not be asked
        """
        while self._unresolved:
            name = self._unresolved[0]
            assert self._lookup is not None
            sid = await self._lookup.sid_of(name, group=True)
            self._groups[_carried(sid, name)] = f"group:{name}"
            if name in self._unresolved:  # another task may have been faster
                self._unresolved.remove(name)

    async def __call__(self, info: ConnectionInfo) -> Decision:
        """Decide about a client. Nothing is raised where something cannot be checked: it is refused, with the reason.

        Cancelled, nothing was decided.
        """
        peer = info.peer
        if peer is None:
            return Decision(False, "the client has no name")
        rule = self._by_name(peer)
        if rule is not None:
            return _allowed(peer, rule)
        if not (self._sids or self._groups or self._unresolved):
            return _refused(peer)
        try:
            return await self._by_sid(info, peer)
        except AsyncAuthError as error:
            return Decision(False, f"it cannot be decided whether {peer} is allowed: {error.message}")

    def __repr__(self) -> str:
        realms = (f"realm:{realm}" for realm in self._realms)
        groups = (*self._groups.values(), *(f"group:{name}" for name in self._unresolved))
        rules = (*self._principals, *realms, *self._sids.values(), *groups)
        return f"<Allow {', '.join(rules) or 'nobody'}>"

    def _by_name(self, peer: Peer) -> str | None:
        """The rule for names that fits; a realm with a quoted sign in it only fits a rule that names it."""
        realm = peer.realm
        if realm and realm in self._realms:
            return f"realm:{realm}"
        if "\\" in realm:
            return None
        return next((each for each in self._principals if fnmatchcase(peer.name, each)), None)

    async def _by_sid(self, info: ConnectionInfo, peer: Peer) -> Decision:
        sid, groups = await self._identity(info, peer)
        rule = self._fitting(sid, groups)
        if rule is None and self._unresolved:
            await self.prepare()
            rule = self._fitting(sid, groups)
        return _refused(peer) if rule is None else _allowed(peer, rule)

    def _fitting(self, sid: Sid, groups: frozenset[Sid]) -> str | None:
        """The rule for SIDs that fits; what was meant as a group fits nobody who is called so himself."""
        for held, rules in ((groups | {sid}, self._sids), (groups, self._groups)):
            for each in sorted(held & rules.keys()):
                return rules[each]
        return None

    async def _identity(self, info: ConnectionInfo, peer: Peer) -> tuple[Sid, frozenset[Sid]]:
        claims = peer.claims
        if claims is not None:
            return claims.sid, claims.groups
        if info.mechanism != "kerberos":
            raise _unknown(f"{info.mechanism} does not tell a client's groups", "use Kerberos")
        if self._lookup is None:
            raise _unknown("the ticket has no PAC and there is no directory to ask", "give Allow a directory")
        return await self._lookup.identity_of(peer.name)

    def _add_group(self, group: Sid | str) -> None:
        try:
            sid = group if isinstance(group, Sid) else Sid.parse(group)
        except InvalidName:
            self._unresolved.append(str(group))
        else:
            self._groups[_carried(sid)] = f"group:{sid}"


def _lookup(directory: DirectoryProtocol | GroupLookup) -> GroupLookup:
    from ..discovery import (
        GroupLookup,
    )  # here, because most lists need no directory, and loading it takes a while

    return directory if isinstance(directory, GroupLookup) else GroupLookup(directory)


def _listed(name: str, values: Iterable[T]) -> tuple[T, ...]:
    if isinstance(values, str):  # an easy slip, which would allow by single letters
        raise TypeError(f"{name} is a sequence of texts, not the one text {values!r}")
    return tuple(values)


def _sid(value: Sid | str) -> Sid:
    return _carried(value if isinstance(value, Sid) else Sid.parse(value))


def _carried(sid: Sid, name: str | None = None) -> Sid:
    """The SID, if tickets carry it."""
    if sid.domain == _BUILTIN:
        raise InvalidName(
            f"{name or sid} is a built-in group, which each Windows machine has for itself and no ticket carries",
            fix="allow a group of the domain, such as Domain Admins in place of Administrators",
        )
    return sid


def _allowed(peer: Peer, rule: str) -> Decision:
    return Decision(True, f"{peer} is allowed by {rule}", rule)


def _refused(peer: Peer) -> Decision:
    return Decision(False, f"{peer} is not allowed")


def _unknown(why: str, fix: str) -> AuthorizationError:
    return AuthorizationError(why, fix=fix)
