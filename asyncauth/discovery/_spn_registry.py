"""Service principal names on accounts.

A name must be on one account of the forest only: with two holders the KDC does not know whose key to use, and
authentication fails for both. Controllers of functional level 2012 R2 and newer refuse a second holder; older ones,
and Samba in part, do not (MS-ADTS 3.1.1.5.1.3). So the forest is searched before a name is written. That cannot close
the gap between looking and writing, nor see what has not been replicated yet; ``find`` afterwards tells.

A userPrincipalName that reads like the SPN would come first at the KDC (MS-KILE 3.3.5.1.1) and is looked for as well.
"""

from __future__ import annotations

from collections.abc import Iterable

from .._errors import DirectoryError, DuplicateName
from .._spn import ServicePrincipalName
from ._accounts import Account, find_account
from ._dn import domain_dn, escape_filter, same_dn
from ._entry import Change, DirectoryProtocol
from ._results import CONSTRAINT_VIOLATION

__all__ = ["SpnRegistry"]

_ATTRIBUTE = "servicePrincipalName"


class SpnRegistry:
    """Lists, finds, registers and removes SPNs; what setspn and DsWriteAccountSpn do.

    Accounts are given by sAMAccountName (a computer's with or without its ``$``), user principal name or
    distinguished name. Every method raises ServiceNotFound if there is no such account, InvalidName if the text is
    no SPN, and DirectoryError if the directory could not be asked or does not allow it. A cancelled call may or may
    not have been carried out; calling again is safe.
    """

    def __init__(self, directory: DirectoryProtocol) -> None:
        self._directory = directory

    async def list_spns(self, account: str) -> list[str]:
        """The names registered on an account, sorted."""
        return sorted((await find_account(self._directory, account)).spns, key=str.casefold)

    async def find(self, spn: ServicePrincipalName | str) -> list[str]:
        """DNs of all accounts of the forest that hold the name, as SPN or as user principal name.

        Besides the global catalogue the own domain is searched, where it is seen first.
        """
        text = escape_filter(str(_parsed(spn)))
        condition = f"(|({_ATTRIBUTE}={text})(userPrincipalName={text}))"
        forest = await self._directory.search("", condition, (), catalogue=True)
        own = await self._directory.search(domain_dn(self._directory.domain), condition, ())
        return sorted({entry.dn.casefold(): entry.dn for entry in (*forest, *own)}.values())

    async def register(self, spn: ServicePrincipalName | str, account: str) -> bool:
        """Register a name on an account. False if it has it already.

        :raises DuplicateName: another account has it
        """
        name = _parsed(spn)
        holder = await find_account(self._directory, account)
        await self._refuse_duplicate(name, holder)
        if _has(holder, name):
            return False
        await self._write(holder, Change("add", _ATTRIBUTE, (str(name),)), name)
        return True

    async def unregister(self, spn: ServicePrincipalName | str, account: str) -> bool:
        """Take a name off an account. False if it has not got it."""
        name = _parsed(spn)
        holder = await find_account(self._directory, account)
        held = [text for text in holder.spns if text.casefold() == str(name).casefold()]
        if held:
            await self._write(holder, Change("delete", _ATTRIBUTE, tuple(held)), name)
        return bool(held)

    async def replace(self, spns: Iterable[ServicePrincipalName | str], account: str) -> bool:
        """Leave an account with just these names (DsWriteAccountSpn, REPLACE); none empties it. False if it had them.

        :raises DuplicateName: another account has one of them; then nothing was changed
        """
        names = [_parsed(spn) for spn in spns]
        holder = await find_account(self._directory, account)
        for name in names:
            await self._refuse_duplicate(name, holder)
        if {str(name).casefold() for name in names} == {text.casefold() for text in holder.spns}:
            return False
        change = Change("replace", _ATTRIBUTE, tuple(map(str, names)))
        await self._write(holder, change, names[0] if names else None)
        return True

    async def _refuse_duplicate(self, name: ServicePrincipalName, holder: Account) -> None:
        others = [dn for dn in await self.find(name) if not same_dn(dn, holder.dn)]
        if others:
            raise _duplicate(name, " and ".join(others), holder)

    async def _write(self, holder: Account, change: Change, name: ServicePrincipalName | None) -> None:
        try:
            await self._directory.modify(holder.dn, [change])
        except DirectoryError as error:
            if name is not None and (error.code or "").startswith(f"LDAP {CONSTRAINT_VIOLATION} "):
                raise await self._constraint(name, holder, error) from error
            raise

    async def _constraint(
        self, name: ServicePrincipalName, holder: Account, error: DirectoryError
    ) -> DirectoryError | DuplicateName:
        """The controller says no: the name is taken, or the account may not give itself this one."""
        others = [dn for dn in await self.find(name) if not same_dn(dn, holder.dn)]
        if others or "21C7" in error.message.upper():
            return _duplicate(
                name, " and ".join(others) or "an account that cannot be seen from here", holder
            )
        return DirectoryError(
            f"the directory does not allow {name} on {holder}: {error.message}",
            fix="have a domain administrator register it; a computer may give itself class/own-host only",
            code=error.code,
        )


def _parsed(spn: ServicePrincipalName | str) -> ServicePrincipalName:
    return spn if isinstance(spn, ServicePrincipalName) else ServicePrincipalName.parse(spn)


def _has(holder: Account, name: ServicePrincipalName) -> bool:
    return str(name).casefold() in {text.casefold() for text in holder.spns}


def _duplicate(name: ServicePrincipalName, others: str, holder: Account) -> DuplicateName:
    return DuplicateName(
        f"the SPN {name} is on {others} and cannot be on {holder.dn} too",
        fix="remove it there first (asyncauth spn remove), or choose another name",
        code="ERROR_DS_SPN_VALUE_NOT_UNIQUE_IN_FOREST",
    )
