"""``asyncauth withdraw``: remove a service's record from Active Directory, and its SPNs from the account.

SPNs that stay behind are tomorrow's duplicates, so with ``--account`` every SPN of the account goes whose third part
is the entry's name or GUID, on whichever host; also where the entry itself was gone before.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .._errors import InvalidName, ServiceNotFound
from .._spn import ServicePrincipalName
from ..discovery import (
    ServiceConnectionPoint,
    ServiceConnectionPoints,
    SpnRegistry,
    WinsockService,
    WinsockServices,
)
from . import _loop
from ._directory import open_directory
from ._options import credential, mechanism
from ._output import Output
from ._records import parent_of

if TYPE_CHECKING:
    from ..discovery import Directory, Published

__all__ = ["run"]

_ANY = "-"
"""For what a record must have and a removal does not look at."""


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Withdraw one record; fails if there was nothing to remove."""
    source = credential(arguments)

    async def withdraw() -> None:
        async with open_directory(arguments, mechanism("negotiate", source)) as directory:
            await _Withdrawal(arguments, directory, output).carry_out()

    _loop.run(withdraw)
    return 0


class _Withdrawal:
    def __init__(self, arguments: argparse.Namespace, directory: Directory, output: Output) -> None:
        self._arguments = arguments
        self._directory = directory
        self._output = output

    async def carry_out(self) -> None:
        """The SPNs first, as long as the entry's name can be seen; then the entry."""
        dn, published, removed = await self._remove()
        taken = await self._unregister(dn, published) if self._arguments.account else []
        if not removed and not taken:
            raise ServiceNotFound(f"{dn} is not published", fix="check the name and what it stands under")
        what = "withdrawn" if removed else "was gone already"
        self._output.event("withdrawn", f"{what}: {dn}", dn=dn, changed=removed, spns=taken)
        self._output.rows({"SPN removed": taken} if taken else {})

    async def _remove(self) -> tuple[str, Published | None, bool]:
        """The entry's name, the entry as it was, and whether something was removed."""
        arguments = self._arguments
        if arguments.action == "scp":
            parent = await parent_of(arguments, self._directory)
            point = ServiceConnectionPoint(arguments.name, parent, _ANY, _ANY, 1, (_ANY,))
            points = ServiceConnectionPoints(self._directory)
            held = await points.published(point)
            return held.dn if held else point.dn, held, await points.withdraw(point)
        service = WinsockService(arguments.name, _ANY, arguments.class_guid, _ANY, arguments.address)
        services = WinsockServices(self._directory)
        found = await services.published(service)
        removed = await services.withdraw(service, multiple=bool(arguments.address))
        return found.dn if found else f"the Winsock service {arguments.name!r}", found, removed

    async def _unregister(self, dn: str, published: Published | None) -> list[str]:
        names = {dn.casefold()} | ({str(published.guid)} if published else set())
        registry = SpnRegistry(self._directory)
        taken = []
        for text in await registry.list_spns(self._arguments.account):
            if _third_part(text) in names:
                await registry.unregister(text, self._arguments.account)
                taken.append(text)
        return taken


def _third_part(text: str) -> str | None:
    try:
        name = ServicePrincipalName.parse(text).service_name
    except InvalidName:
        return None  # accounts hold names that are none; they are not ours
    return name and name.casefold()
