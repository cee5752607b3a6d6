"""``asyncauth spn``: service principal names, on paper and on accounts."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from .._errors import AsyncAuthError, DuplicateName, ServiceNotFound
from .._spn import ServicePrincipalName
from ._output import Output

if TYPE_CHECKING:
    from ..discovery import SpnRegistry

__all__ = ["run"]


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Carry out the action; 1 where the answer to ``check`` is no."""
    if arguments.action == "parse":
        _show(ServicePrincipalName.parse(arguments.spn), output)
    elif arguments.action == "make":
        _make(arguments, output)
    else:
        _ask(arguments, _ACTIONS[arguments.action], output)
    return 0


def _show(name: ServicePrincipalName, output: Output) -> None:
    fields: dict[str, object] = {
        "service_class": name.service_class,
        "host": name.host,
        "port": name.port,
        "instance": name.instance,
        "service_name": name.service_name,
        "principal": name.principal(),
    }
    output.event("spn", spn=str(name), **fields)
    output.line(str(name), "bold")
    output.rows({key.replace("_", " "): value for key, value in fields.items() if value is not None})


def _make(arguments: argparse.Namespace, output: Output) -> None:
    name = ServicePrincipalName(
        arguments.service_class, arguments.host, arguments.port, arguments.instance, arguments.service_name
    )
    output.event("spn", str(name), spn=str(name))


def _ask(arguments: argparse.Namespace, action: _Action, output: Output) -> None:
    """Carry out an action that needs the directory."""
    from . import _loop
    from ._directory import open_directory
    from ._options import credential, mechanism

    source = credential(arguments)

    async def work() -> None:
        from ..discovery import SpnRegistry

        async with open_directory(arguments, mechanism("negotiate", source)) as directory:
            await action(SpnRegistry(directory), arguments, output)

    _loop.run(work)


_Action = Callable[["SpnRegistry", argparse.Namespace, Output], Awaitable[None]]


async def _list(registry: SpnRegistry, arguments: argparse.Namespace, output: Output) -> None:
    for name in await registry.list_spns(arguments.account):
        output.event("spn", name, spn=name, account=arguments.account)


async def _add(registry: SpnRegistry, arguments: argparse.Namespace, output: Output) -> None:
    changed = await registry.register(arguments.spn, arguments.account)
    text = "registered on" if changed else "was on the account already:"
    output.event(
        "registered", f"{arguments.spn} {text} {arguments.account}",
        spn=arguments.spn, account=arguments.account, changed=changed,
    )  # fmt: skip


async def _remove(registry: SpnRegistry, arguments: argparse.Namespace, output: Output) -> None:
    if not await registry.unregister(arguments.spn, arguments.account):
        raise ServiceNotFound(
            f"{arguments.account} has no SPN {arguments.spn}", fix="asyncauth spn list shows what it has"
        )
    output.event(
        "removed",
        f"{arguments.spn} removed from {arguments.account}",
        spn=arguments.spn,
        account=arguments.account,
    )


async def _check(registry: SpnRegistry, arguments: argparse.Namespace, output: Output) -> None:
    holders = await registry.find(arguments.spn)
    output.event("holders", spn=arguments.spn, holders=holders, unique=len(holders) == 1)
    for holder in holders:
        output.line(holder)
    if len(holders) != 1:
        raise _not_unique(arguments.spn, holders)


def _not_unique(spn: str, holders: list[str]) -> AsyncAuthError:
    if not holders:
        return ServiceNotFound(
            f"no account of the forest holds {spn}", fix="register it: asyncauth spn add SPN ACCOUNT"
        )
    return DuplicateName(
        f"{len(holders)} accounts hold {spn}, so no client can use it",
        fix="leave it on one of them: asyncauth spn remove SPN ACCOUNT",
    )


_ACTIONS: dict[str, _Action] = {"list": _list, "add": _add, "remove": _remove, "check": _check}
