"""The command line's grammar. Each command names the module that carries it out."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TypeAlias

from .. import __version__
from . import _options as options
from ._allow import allow_rule
from ._keytab_options import add_keytab
from ._target import HELP, target

__all__ = ["parse"]

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - has no other name

DIRECTORY_SECONDS, CONNECT_SECONDS = 10.0, 15.0


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The arguments; SystemExit with code 2 if they make no command."""
    parser = argparse.ArgumentParser(
        "asyncauth",
        description="Mutual authentication and encryption with Kerberos, services found in Active Directory.",
        epilog="Exit codes: 0 done, 1 failed, 2 wrong usage. asyncauth COMMAND --help says more about each.",
    )
    parser.add_argument("--version", action="version", version=f"asyncauth {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", dest="command", required=True)
    for add in (_demo, _realm, _serve, _connect, _publish, _withdraw, _locate, _spn, _explain, _decode):
        add(commands)
    add_keytab(commands, _family, _command)
    return parser.parse_args(argv)


def _command(
    commands: Commands, name: str, module: str, says: str, more: str = ""
) -> argparse.ArgumentParser:
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


def _demo(commands: Commands) -> None:
    parser = _command(commands, "demo", "_demo", "show the main job, step by step, on a private realm")
    parser.add_argument(
        "--kind",
        choices=("auto", "ad", "mit"),
        default="auto",
        help="the realm: AD where that is possible (default)",
    )
    options.add_common(parser)


def _realm(commands: Commands) -> None:
    parser = _command(
        commands, "realm", "_realm", "start a private realm and keep it until interrupted",
        "example:\n  asyncauth realm --service web=HTTP/localhost",
    )  # fmt: skip
    parser.add_argument(
        "--kind", choices=("auto", "ad", "mit"), default="auto",
        help="a Samba Active Directory (needs root), an MIT KDC, or the first that is possible (default)",
    )  # fmt: skip
    parser.add_argument(
        "--name", default="EXAMPLE.TEST", metavar="REALM", help="its name (default EXAMPLE.TEST)"
    )
    parser.add_argument(
        "--dir", metavar="D", help="where it lives: a new or empty directory, empty again afterwards"
    )
    parser.add_argument(
        "--service", action="append", default=[], metavar="NAME=SPN", type=_service,
        help="an account with that SPN and a keytab (sockauth=ADSockAuth/localhost if none is given);"
        " the same NAME again for more SPNs",
    )  # fmt: skip
    options.add_common(parser)


def _service(text: str) -> tuple[str, str]:
    name, equals, name_of_service = text.partition("=")
    if not (name and equals) or "/" in name:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=SPN")
    return name, str(options.spn(name_of_service))


def _serve(commands: Commands) -> None:
    parser = _command(
        commands, "serve", "_serve", "a server that authenticates its clients",
        "example:\n  asyncauth serve --listen :9000 --keytab F --allow '*@EXAMPLE.TEST' --forward localhost:80",
    )  # fmt: skip
    parser.add_argument(
        "--listen",
        required=True,
        type=options.endpoint,
        metavar="HOST:PORT",
        help="port 0 for any, *:PORT for all hosts",
    )
    job = parser.add_mutually_exclusive_group(required=True)
    job.add_argument("--echo", action="store_true", help="send back what comes")
    job.add_argument(
        "--forward", type=options.place, metavar="HOST:PORT", help="pass on to a plain TCP service"
    )
    parser.add_argument(
        "--allow", action="append", default=[], metavar="RULE", type=allow_rule,
        help="only clients that fit one of the rules: a pattern for the full name, case included (alice@EXAMPLE.TEST,"
        " '*@EXAMPLE.TEST'), realm:NAME, sid:S-1-5-... of account or group, group:NAME; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--workers", type=options.count, default=1, metavar="N", help="processes that share the port"
    )
    _add_keys(parser)
    options.add_wire(parser)
    options.add_directory(parser)
    parser.set_defaults(timeout=DIRECTORY_SECONDS)
    _add_limits(parser)
    options.add_common(parser)


def _add_keys(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("credential")
    group.add_argument("--keytab", metavar="FILE", help="the server's keys; the default keytab if not given")
    group.add_argument(
        "--spn", action="append", default=[], type=options.spn, metavar="SPN",
        help="use the key of this SPN only; may be repeated. SPNs of one account share a key",
    )  # fmt: skip


def _add_limits(parser: argparse.ArgumentParser) -> None:
    limits = parser.add_argument_group("limits")
    limits.add_argument(
        "--handshake-timeout",
        type=options.seconds,
        default=15.0,
        metavar="S",
        help="seconds for a handshake (default 15)",
    )
    limits.add_argument(
        "--max-pending",
        type=options.count,
        default=100,
        metavar="N",
        help="handshakes at a time, per worker (default 100)",
    )


def _connect(commands: Commands) -> None:
    parser = _command(
        commands, "connect", "_connect", "netcat with mutual authentication: stdin to a service, the service to stdout",
        "With --json the status lines go to stderr: stdout is the service's bytes and nothing else.\n"
        "example:\n  echo hello | asyncauth connect localhost:9000 --spn HTTP/localhost",
    )  # fmt: skip
    _add_target(parser)
    options.add_wire(parser)
    options.add_credential(parser)
    options.add_directory(parser)
    _add_timeout(parser, CONNECT_SECONDS, "for locating, and again for connecting and authenticating")
    options.add_common(parser)


def _locate(commands: Commands) -> None:
    parser = _command(commands, "locate", "_locate", "where a service is, and its SPN")
    _add_target(parser)
    parser.add_argument("--all", action="store_true", help="every place, not just the first to try")
    _add_asking(parser)


def _publish(commands: Commands) -> None:
    kinds = _family(commands, "publish", "KIND", "publish a service in Active Directory")
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
        _add_asking(parser)


def _withdraw(commands: Commands) -> None:
    kinds = _family(commands, "withdraw", "KIND", "take back what was published")
    scp, rnr = _kinds(kinds, "_withdraw")
    _add_addresses(rnr, needed=False)
    for parser in (scp, rnr):
        parser.add_argument("--account", metavar="A", help="take the SPNs of the entry off this account too")
        _add_asking(parser)


def _kinds(kinds: Commands, module: str) -> tuple[argparse.ArgumentParser, argparse.ArgumentParser]:
    scp = _command(kinds, "scp", module, "a service connection point")
    rnr = _command(kinds, "rnr", module, "a Winsock registration (RnR)")
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


def _spn(commands: Commands) -> None:
    actions = _family(commands, "spn", "ACTION", "service principal names: on paper and on accounts")
    parse_, make, list_, add, remove, check = (
        _command(actions, name, "_spn", says)
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
        _add_asking(parser)


def _explain(commands: Commands) -> None:
    parser = _command(commands, "explain", "_explain", "what an error code means and what to do; asks nobody")
    parser.add_argument("code", nargs="*", metavar="CODE", help="in any notation, or a line with codes in it")
    options.add_common(parser)


def _decode(commands: Commands) -> None:
    options.add_decode(_command(commands, "decode", "_decode", "print what --dump wrote, in plain words"))


def _family(commands: Commands, name: str, metavar: str, says: str) -> Commands:
    parser = _command(commands, name, "", says)
    return parser.add_subparsers(metavar=metavar, dest="action", required=True)


def _add_target(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", metavar="TARGET", type=target, help=HELP)
    parser.add_argument(
        "--spn", type=options.spn, metavar="SPN", help="for host:port: who must prove to be there"
    )
    parser.add_argument("--service-class", metavar="C", help="for the others: only services of this class")


def _add_asking(parser: argparse.ArgumentParser) -> None:
    """What the commands have that do nothing but ask, or change, a directory."""
    options.add_credential(parser)
    options.add_directory(parser)
    _add_timeout(parser, DIRECTORY_SECONDS, "for each thing asked of the directory")
    options.add_common(parser)


def _add_timeout(parser: argparse.ArgumentParser, default: float, what: str) -> None:
    parser.add_argument(
        "--timeout", type=options.seconds, default=default, metavar="S", help=f"seconds {what} (default {default:g})",
    )  # fmt: skip
