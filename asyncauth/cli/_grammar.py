"""What the command line's grammar is made of: commands, families of them, and the arguments that many have."""

from __future__ import annotations

import argparse
from typing import TypeAlias

from . import _options as options
from ._target import HELP, target

__all__ = ["DIRECTORY_SECONDS", "Commands", "add_asking", "add_target", "add_timeout", "command", "family"]

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - has no other name

DIRECTORY_SECONDS = 10.0


def command(commands: Commands, name: str, module: str, says: str, more: str = "") -> argparse.ArgumentParser:
    """A command.

    :param module: the one of this package that carries it out
    :param says: what it does, for the list of commands and for the head of its help
    :param more: for the end of its help
    """
    parser = commands.add_parser(
        name,
        help=says,
        description=f"{says[0].upper()}{says[1:]}.",
        epilog=more,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(module=module)
    return parser


def family(commands: Commands, name: str, metavar: str, says: str) -> Commands:
    """A command that has commands below it."""
    parser = command(commands, name, "", says)
    return parser.add_subparsers(metavar=metavar, dest="action", required=True)


def add_target(parser: argparse.ArgumentParser, *, optional: bool = False) -> None:
    """Which service."""
    parser.add_argument("target", metavar="TARGET", type=target, help=HELP, nargs="?" if optional else None)
    parser.add_argument(
        "--spn", type=options.spn, metavar="SPN", help="for host:port: who must prove to be there"
    )
    parser.add_argument("--service-class", metavar="C", help="for the others: only services of this class")


def add_asking(parser: argparse.ArgumentParser) -> None:
    """What the commands have that do nothing but ask, or change, a directory."""
    options.add_credential(parser)
    options.add_directory(parser)
    add_timeout(parser, DIRECTORY_SECONDS, "for each thing asked of the directory")
    options.add_common(parser)


def add_timeout(parser: argparse.ArgumentParser, default: float, what: str) -> None:
    """How long to wait."""
    parser.add_argument(
        "--timeout", type=options.seconds, default=default, metavar="S", help=f"seconds {what} (default {default:g})",
    )  # fmt: skip
