"""The command line's grammar. Each command names the module that carries it out."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from .. import __version__
from . import _options as options
from ._allow import allow_rule
from ._bench_options import add_bench
from ._directory_options import add_locate, add_publish, add_spn, add_withdraw
from ._grammar import DIRECTORY_SECONDS, Commands, add_target, add_timeout, command, family
from ._keytab_options import add_keytab

__all__ = ["parse"]

CONNECT_SECONDS = 15.0


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The arguments; SystemExit with code 2 if they make no command."""
    parser = argparse.ArgumentParser(
        "asyncauth",
        description="Mutual authentication and encryption with Kerberos, services found in Active Directory.",
        epilog="Exit codes: 0 done, 1 failed, 2 wrong usage. asyncauth COMMAND --help says more about each.",
    )
    parser.add_argument("--version", action="version", version=f"asyncauth {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", dest="command", required=True)
    for add in (
        _demo,
        _realm,
        _serve,
        _connect,
        add_publish,
        add_withdraw,
        add_locate,
        add_spn,
        _explain,
        _decode,
        add_bench,
    ):
        add(commands)
    add_keytab(commands, family, command)
    return parser.parse_args(argv)


def _demo(commands: Commands) -> None:
    parser = command(commands, "demo", "_demo", "show the main job, step by step, on a private realm")
    parser.add_argument(
        "--kind",
        choices=("auto", "ad", "mit"),
        default="auto",
        help="the realm: AD where that is possible (default)",
    )
    options.add_common(parser)


def _realm(commands: Commands) -> None:
    parser = command(
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
    parser = command(
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
    options.add_wire(parser, server=True)
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
    parser = command(
        commands, "connect", "_connect", "netcat with mutual authentication: stdin to a service, the service to stdout",
        "With --json the status lines go to stderr: stdout is the service's bytes and nothing else.\n"
        "example:\n  echo hello | asyncauth connect localhost:9000 --spn HTTP/localhost",
    )  # fmt: skip
    add_target(parser)
    options.add_wire(parser)
    options.add_credential(parser)
    options.add_directory(parser)
    add_timeout(parser, CONNECT_SECONDS, "for locating, and again for connecting and authenticating")
    options.add_common(parser)


def _explain(commands: Commands) -> None:
    parser = command(commands, "explain", "_explain", "what an error code means and what to do; asks nobody")
    parser.add_argument("code", nargs="*", metavar="CODE", help="in any notation, or a line with codes in it")
    options.add_common(parser)


def _decode(commands: Commands) -> None:
    options.add_decode(command(commands, "decode", "_decode", "print what --dump wrote, in plain words"))
