"""What the domain says of an account beside its name. Standard library only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from ._sid import Sid

__all__ = ["Claims", "LazyClaims"]


@dataclass(frozen=True, slots=True)
class Claims:
    """An account as its domain described it in the ticket (MS-PAC 2.5 and 2.10), true when the ticket was issued.

    :param account: sAMAccountName
    :param domain: the domain's NetBIOS name
    :param sid: the account's SID
    :param primary_group: the SID of its primary group, which is among the groups too
    :param groups: SIDs of all groups that count for access: primary, global, universal, those of other domains
        and well-known ones (extra SIDs), domain-local ones of the service's domain (resource groups). Groups
        that are disabled or serve to deny only are not among them
    :param logon_server: NetBIOS name of the controller that let the account in
    :param account_control: the bits USER_* of MS-SAMR 2.2.1.12; not those of ``userAccountControl``
    :param principal_name: user principal name, where the domain told it
    :param dns_domain: DNS name of the domain, where the domain told it
    """

    account: str
    domain: str
    sid: Sid
    primary_group: Sid
    groups: frozenset[Sid] = field(repr=False)
    logon_server: str = ""
    account_control: int = 0
    principal_name: str | None = None
    dns_domain: str | None = None


class LazyClaims:
    """Claims that are worked out when first asked for, and then kept.

    A server that never looks at them pays nothing. Pickling asks for them, and takes the answer along.

    :param find: works them out; None if the account was not described. May be called by any thread, and again
        where two ask at the same time or it raised
    """

    __slots__ = ("_claims", "_find")

    def __init__(self, find: Callable[[], Claims | None]) -> None:
        self._find: Callable[[], Claims | None] | None = find
        self._claims: Claims | None = None

    def __call__(self) -> Claims | None:
        find = self._find
        if find is not None:
            self._claims = find()
            self._find = None  # and with it all that was kept to work it out
        return self._claims

    def __reduce__(self) -> tuple[Callable[[Claims | None], LazyClaims], tuple[Claims | None]]:
        return _known, (self(),)


def _known(claims: Claims | None) -> LazyClaims:
    return LazyClaims(partial(_same, claims))


def _same(claims: Claims | None) -> Claims | None:
    return claims
