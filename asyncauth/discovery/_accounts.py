"""Accounts by the names people use for them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .._errors import ServiceNotFound
from ._dn import domain_dn, escape_filter
from ._entry import DirectoryProtocol, Entry

__all__ = ["Account", "find_account"]

_DN = re.compile(r"\s*[A-Za-z][-A-Za-z0-9.]*\s*=|<")
_READ = ("sAMAccountName", "objectSid", "servicePrincipalName")


@dataclass(frozen=True, slots=True)
class Account:
    """A user's, service's or computer's account.

    :param name: sAMAccountName
    :param sid: the binary security identifier (MS-DTYP 2.4.2.2)
    :param spns: the service principal names registered on it
    """

    dn: str
    name: str
    sid: bytes
    spns: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name} ({self.dn})" if self.name else self.dn


async def find_account(directory: DirectoryProtocol, name: str) -> Account:
    """The account of that name.

    :param name: sAMAccountName, a computer's with or without its ``$`` (a user of exactly that name goes first);
        ``DOMAIN\\name``; user principal name; or distinguished name
    :raises ServiceNotFound: there is none
    """
    found = await _by_dn(directory, name) if _DN.match(name) else await _by_name(directory, name)
    if found is None:
        raise ServiceNotFound(
            f"the domain {directory.domain} has no account {name!r}",
            fix="give its sAMAccountName, user principal name or distinguished name",
        )
    return found


async def _by_dn(directory: DirectoryProtocol, dn: str) -> Account | None:
    entry = await directory.read(dn, _READ)
    return None if entry is None else _account(entry)


async def _by_name(directory: DirectoryProtocol, name: str) -> Account | None:
    plain = name.rpartition("\\")[2]
    names = [plain, f"{plain}$"]
    local, at, domain = plain.rpartition("@")
    if at and domain.casefold() == directory.domain.casefold():
        names.append(local)  # every account has this name too, whatever its userPrincipalName is
    terms = "".join(f"(sAMAccountName={escape_filter(name)})" for name in names)
    condition = f"(|{terms}(userPrincipalName={escape_filter(plain)}))"
    found = await directory.search(domain_dn(directory.domain), condition, _READ)
    accounts = [_account(entry) for entry in found]
    exact = [account for account in accounts if account.name.casefold() == plain.casefold()]
    return next(iter(exact or sorted(accounts, key=lambda account: account.dn)), None)


def _account(entry: Entry) -> Account:
    sid = b"".join(entry.values("objectSid"))
    return Account(entry.dn, entry.text("sAMAccountName") or "", sid, entry.texts("servicePrincipalName"))
