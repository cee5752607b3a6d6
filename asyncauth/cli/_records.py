"""What publishing and withdrawing have in common."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, Protocol

from ..discovery import find_account

if TYPE_CHECKING:
    from ..discovery import Directory, Published

__all__ = ["Records", "parent_of"]


class Records(Protocol):
    """Service connection points or Winsock registrations."""

    async def publish(self, record: Any, /) -> bool: ...

    async def withdraw(self, record: Any, /) -> bool: ...

    async def published(self, record: Any) -> Published | None: ...


async def parent_of(arguments: argparse.Namespace, directory: Directory) -> str:
    """DN of the object under which a service connection point stands.

    :raises ServiceNotFound: there is no such computer
    """
    if arguments.parent is not None:
        return str(arguments.parent)
    computer: str = arguments.computer
    return (await find_account(directory, computer if computer.endswith("$") else f"{computer}$")).dn
