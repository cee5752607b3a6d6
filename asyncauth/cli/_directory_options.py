"""The grammar of the commands that ask a directory or change it: ``locate``, ``publish``, ``withdraw``, ``spn``."""

from __future__ import annotations

import argparse

from . import _options as options
from ._grammar import Commands, add_asking, add_target, command, family

__all__ = ["add_locate", "add_publish", "add_spn", "add_withdraw"]


def add_locate(commands: Commands) -> None:
    """Where a service is."""
    parser = command(commands, "locate", "_locate", "where a service is, and its SPN")
    add_target(parser)
    parser.add_argument("--all", action="store_true", help="every place, not just the first to try")
    add_asking(parser)


def add_publish(commands: Commands) -> None:
    """Write the entries of a service."""
    kinds = family(commands, "publish", "KIND", "publish a service in Active Directory")
    scp, rnr = _kinds(kinds, "_publish")
    scp.add_argument("--service-class", required=True, metavar="C", help="first part of the SPN")
    scp.add_argument(
        "--host", required=True, metavar="H", help="full DNS name; with --srv the name of SRV records"
    )
    scp.add_argument("--port", type=int, metavar="P", help="TCP port; not needed with --srv")
    scp.add_argument("--srv", action="store_true", help="--host is the owner name of SRV records")
    scp.add_argument(
        "--keyword",
        required=True,
        action="append",
        metavar="K",
        help="what clients look for; may be repeated",
    )
    scp.add_argument(
        "--grant", action="store_true", help="let --account update host and port of the entry by itself"
    )
    rnr.add_argument(
        "--service-class", required=True, metavar="C", help="name of its class, first part of the SPN"
    )
    rnr.add_argument("--host", required=True, metavar="H", help="full DNS name of the service's host")
    rnr.add_argument("--comment", metavar="TEXT", help="for people")
    _add_addresses(rnr, needed=True)
    for parser in (scp, rnr):
        parser.add_argument(
            "--account", metavar="A", help="register the SPN on this account, if no other has it"
        )
        add_asking(parser)


def add_withdraw(commands: Commands) -> None:
    """Take them away."""
    kinds = family(commands, "withdraw", "KIND", "take back what was published")
    scp, rnr = _kinds(kinds, "_withdraw")
    _add_addresses(rnr, needed=False)
    for parser in (scp, rnr):
        parser.add_argument("--account", metavar="A", help="take the SPNs of the entry off this account too")
        add_asking(parser)


def _kinds(kinds: Commands, module: str) -> tuple[argparse.ArgumentParser, argparse.ArgumentParser]:
    scp = command(kinds, "scp", module, "a service connection point")
    rnr = command(kinds, "rnr", module, "a Winsock registration (RnR)")
    scp.add_argument("--name", required=True, metavar="CN", help="name of the entry")
    above = scp.add_mutually_exclusive_group(required=True)
    above.add_argument("--parent", metavar="DN", help="the object above it")
    above.add_argument("--computer", metavar="NAME", help="the same, a computer's account")
    rnr.add_argument("--name", required=True, metavar="N", help="name of the instance")
    rnr.add_argument("--class-guid", required=True, type=options.guid, metavar="G", help="GUID of its class")
    return scp, rnr


def _add_addresses(parser: argparse.ArgumentParser, *, needed: bool) -> None:
    parser.add_argument(
        "--address", required=needed, nargs="+", action="extend", default=[], type=options.place, metavar="IP:PORT",
        help="where it listens" if needed else "withdraw these only, and the entry when none is left",
    )  # fmt: skip


def add_spn(commands: Commands) -> None:
    """Names, on paper and on accounts."""
    actions = family(commands, "spn", "ACTION", "service principal names: on paper and on accounts")
    parse_, make, list_, add, remove, check = (
        command(actions, name, "_spn", says)
        for name, says in (
            ("parse", "take a name apart"),
            ("make", "put a name together"),
            ("list", "the names on an account"),
            ("add", "register a name on an account, unless another account of the forest has it"),
            ("remove", "take a name off an account"),
            ("check", "who holds a name; fails unless it is exactly one account"),
        )
    )
    make.add_argument("service_class", metavar="CLASS")
    make.add_argument("host", metavar="HOST")
    make.add_argument("--port", type=int, metavar="P", help="TCP port in the name")
    make.add_argument("--instance", metavar="TEXT", help="in place of a port")
    make.add_argument(
        "--service-name", metavar="NAME", help="third part: DN or objectGUID of the entry, or a domain"
    )
    for parser in (parse_, add, remove, check):
        parser.add_argument("spn", metavar="SPN")
    for parser in (list_, add, remove):
        parser.add_argument("account", metavar="ACCOUNT", help="sAMAccountName, user principal name or DN")
    for parser in (parse_, make):
        options.add_common(parser)
    for parser in (list_, add, remove, check):
        add_asking(parser)
