"""``asyncauth publish``: write a service's record in Active Directory, and its SPN on the account that runs it.

The SPN is made of the entry's name in the directory, so the entry comes first. If the SPN then turns out to be another
account's, an entry that was new is taken back: a record that leads clients to a service that cannot prove itself is
worse than none.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from .._errors import AsyncAuthError
from ..discovery import (
    Published,
    ServiceConnectionPoint,
    ServiceConnectionPoints,
    SpnRegistry,
    WinsockService,
    WinsockServices,
)
from . import _loop
from ._directory import open_directory
from ._options import UsageError, credential, mechanism
from ._output import Output
from ._records import Records, parent_of

if TYPE_CHECKING:
    from ..discovery import Directory

__all__ = ["run"]


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Publish one record."""
    _check(arguments)
    source = credential(arguments)

    async def publish() -> None:
        async with open_directory(arguments, mechanism("negotiate", source)) as directory:
            await _publish(arguments, directory, output)

    _loop.run(publish)
    return 0


def _check(arguments: argparse.Namespace) -> None:
    if arguments.action == "scp" and arguments.port is None and not arguments.srv:
        raise UsageError("publish scp needs --port, or --srv where DNS has the port")
    if arguments.action == "scp" and arguments.srv and arguments.account is not None:
        raise UsageError(
            "with --srv each host has an SPN of its own: asyncauth spn add CLASS/HOST/DN ACCOUNT"
        )
    if arguments.action == "scp" and arguments.grant and arguments.account is None:
        raise UsageError("--grant needs --account: whom to let update the entry")


async def _publish(arguments: argparse.Namespace, directory: Directory, output: Output) -> None:
    records, record = await _record(arguments, directory)
    new = await records.published(record) is None
    changed = await records.publish(record)
    published = await records.published(record)
    assert published is not None  # it was published one line above
    _say(arguments, published, "created" if new else "updated" if changed else "unchanged", output)
    if arguments.account is None:
        return
    try:
        await _register(arguments, directory, published, output)
    except AsyncAuthError:
        if new:
            await records.withdraw(record)
            output.event("withdrawn", f"withdrawn again: {published.dn}", dn=published.dn)
        raise
    if arguments.action == "scp" and arguments.grant:
        await ServiceConnectionPoints(directory).grant(record, arguments.account)
        output.event(
            "granted",
            f"{arguments.account} may update its host and port",
            account=arguments.account,
            dn=published.dn,
        )


async def _record(arguments: argparse.Namespace, directory: Directory) -> tuple[Records, Any]:
    """The publisher for the kind of record, and the record."""
    if arguments.action == "rnr":
        return WinsockServices(directory), WinsockService(
            name=arguments.name,
            service_class=arguments.service_class,
            class_id=arguments.class_guid,
            host=arguments.host,
            addresses=arguments.address,
            comment=arguments.comment,
        )
    return ServiceConnectionPoints(directory), ServiceConnectionPoint(
        name=arguments.name,
        parent=await parent_of(arguments, directory),
        service_class=arguments.service_class,
        host=arguments.host,
        port=arguments.port,
        keywords=tuple(arguments.keyword),
        dns_name_type="SRV" if arguments.srv else "A",
    )


def _say(arguments: argparse.Namespace, published: Published, state: str, output: Output) -> None:
    # Behind SRV records there are hosts, and an SPN for each, that the entry does not know.
    srv = arguments.action == "scp" and arguments.srv
    facts: dict[str, object] = {"guid": str(published.guid), "spn": None if srv else str(published.spn)}
    output.event("published", kind=arguments.action, state=state, dn=published.dn, **facts)
    output.line(f"{state}: {published.dn}", "bold")
    output.rows({name: value for name, value in facts.items() if value is not None})


async def _register(
    arguments: argparse.Namespace, directory: Directory, published: Published, output: Output
) -> None:
    spn, account = str(published.spn), arguments.account
    changed = await SpnRegistry(directory).register(published.spn, account)
    text = "registered on" if changed else "was registered already on"
    output.event("registered", f"SPN {text} {account}", spn=spn, account=account, changed=changed)
