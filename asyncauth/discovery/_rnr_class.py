"""Winsock service classes: the ``serviceClass`` entries beside the services."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from .._errors import DirectoryError, MalformedRecord
from ._dn import escape_filter, escape_rdn, rdn_value, split_dn
from ._entry import DirectoryProtocol, Entry, Scope, Values
from ._published import update
from ._winsock_address import ClassParameter, pack_parameter

__all__ = ["ServiceClasses"]

_CLASS = "serviceClass"


class ServiceClasses:
    """The classes in one container.

    :param container: its DN
    """

    def __init__(self, directory: DirectoryProtocol, container: str) -> None:
        self._directory = directory
        self.container = container

    async def name_of(self, class_id: UUID | None, instance: str) -> str:
        """The name of a service's class: what its SPN begins with.

        :param instance: the service's DN, for errors
        :raises MalformedRecord: there is no such class, or several
        """
        names = [] if class_id is None else [_name(entry) for entry in await self._find(class_id)]
        if len(names) != 1:
            found = " and ".join(names) or "none"
            raise MalformedRecord(
                f"the Winsock service {instance} cannot be used: of its serviceClassID {class_id} there is {found}",
                fix="install one service class with that GUID",
            )
        return names[0]

    async def install(self, name: str, class_id: UUID, parameters: Sequence[ClassParameter] = ()) -> bool:
        """Define a class, or add to what is defined. False if there was nothing to write.

        :raises DirectoryError: the name or the GUID belongs to another class
        """
        for entry in await self._find(class_id):
            if _name(entry).casefold() != name.casefold():
                raise _taken(f"the service class {class_id} is installed as {_name(entry)}, not {name}")
            return await self._complete(entry, parameters)
        values: dict[str, Values] = {
            "objectClass": (_CLASS,),
            "displayName": (name,),
            "serviceClassID": (class_id.bytes_le,),
        }
        info = tuple(pack_parameter(parameter) for parameter in parameters)
        if info:
            values["serviceClassInfo"] = info
        dn = f"CN={escape_rdn(name)},{self.container}"
        if await self._directory.add(dn, values):
            return True
        if not await self._find(class_id):  # else somebody installed it at the same time
            raise _taken(f"{dn} exists and has not the GUID {class_id}")
        return False

    async def remove(self, class_id: UUID) -> bool:
        """False if there is none; DirectoryError while services of it are registered."""
        term = f"(serviceClassID={escape_filter(class_id.bytes_le)})"
        services = await self._directory.search(
            self.container, f"(&(objectClass=serviceInstance){term})", (), scope=Scope.ONE
        )
        if services:
            raise DirectoryError(
                f"the service class {class_id} still has services: {services[0].dn}",
                fix="withdraw them first",
            )
        removed = [await self._directory.delete(entry.dn) for entry in await self._find(class_id)]
        return any(removed)

    async def _find(self, class_id: UUID) -> list[Entry]:
        condition = f"(&(objectClass={_CLASS})(serviceClassID={escape_filter(class_id.bytes_le)}))"
        return await self._directory.search(self.container, condition, ("serviceClassInfo",), scope=Scope.ONE)

    async def _complete(self, entry: Entry, parameters: Sequence[ClassParameter]) -> bool:
        present = entry.values("serviceClassInfo")
        info = dict.fromkeys((*present, *(pack_parameter(parameter) for parameter in parameters)))
        return await update(self._directory, entry, {"serviceClassInfo": tuple(info)})


def _name(entry: Entry) -> str:
    return rdn_value(split_dn(entry.dn)[0])


def _taken(what: str) -> DirectoryError:
    return DirectoryError(what, fix="use the installed name and GUID, or choose others")
