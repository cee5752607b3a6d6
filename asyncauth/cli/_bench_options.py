"""The grammar of ``asyncauth bench``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from . import _options as options
from ._grammar import Commands, add_target, add_timeout, command

__all__ = ["add_bench"]

T = TypeVar("T")

MEASURES = ("handshake", "visit", "throughput", "echo", "stream", "idle", "loop", "phases", "discovery")
_MORE = """\
Without TARGET, servers and clients are processes of its own in a private realm, and everything is compared with a loop
of raw GSSAPI calls in the same run, and with peers. With TARGET only clients are measured, with the service that is
there: handshake; throughput and echo, if it sends back what it gets.
examples:
  asyncauth bench handshake --against dotnet,tcp --plot handshakes.svg
  asyncauth bench echo scp:a762885a-aa44-11d2-81f1-00c04fb9624e
"""


def add_bench(commands: Commands) -> None:
    """Handshakes, throughput and more, as ratios."""
    parser = command(
        commands, "bench", "_bench", "measure, as ratios to GSSAPI itself and to peers in the same run", _MORE
    )
    parser.add_argument(
        "measure", choices=(*MEASURES, "all"), metavar="MEASURE", help=f"{', '.join(MEASURES)} or all"
    )
    add_target(parser, optional=True)
    _add_amount(parser)
    _add_entrants(parser)
    parser.add_argument(
        "--plot",
        type=Path,
        metavar="FILE",
        help="draw the medians too, as .svg",
    )
    _add_wire(parser)
    options.add_credential(parser)
    options.add_directory(parser)
    add_timeout(parser, 10.0, "for locating TARGET")
    options.add_common(parser)


def _add_amount(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how much")
    group.add_argument("--rounds", type=options.count, default=5, metavar="N", help="default 5")
    group.add_argument(
        "--seconds", type=options.seconds, default=1.0, metavar="S", help="of one measurement (default 1)"
    )
    group.add_argument(
        "--connections", type=options.count, default=32, metavar="N", help="handshakes at a time (default 32)"
    )
    group.add_argument(
        "--idle", type=options.count, default=1000, metavar="N", help="idle connections (default 1000)"
    )
    group.add_argument(
        "--workers", type=options.count, default=1, metavar="N",
        help="measure handshakes with N server processes on one port, and N clients, too",
    )  # fmt: skip


def _add_entrants(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("who")
    group.add_argument(
        "--against", type=_listed(_peers), default=[], metavar="PEERS",
        help="of dotnet, gss-sample, mtls, pyspnego, tcp, with commas; or all",
    )  # fmt: skip
    group.add_argument(
        "--layers", type=_listed(_layers), metavar="LAYERS",
        help="of asyncauth, with commas: anyio/asyncio, or one side of the slash (default: all installed)",
    )  # fmt: skip
    group.add_argument(
        "--realm",
        choices=("auto", "ad", "mit"),
        default="auto",
        help="the private realm (default: ad if possible)",
    )


def _add_wire(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("authentication")
    group.add_argument(
        "--framing", choices=("nns", "winsock", "gss-sample", "sasl"), default="nns",
        help="asyncauth's wire format, as serve and connect take it (default nns); peers keep theirs",
    )  # fmt: skip
    group.add_argument(
        "--mechanism", choices=("negotiate", "kerberos"), default="negotiate",
        help="SPNEGO over Kerberos (default), or Kerberos alone",
    )  # fmt: skip


def _layers(text: str) -> object:
    from ..bench import chosen_layers

    return chosen_layers(text)


def _peers(text: str) -> object:
    from ..bench import chosen_peers

    return chosen_peers(text)


def _listed(parse: Callable[[str], T]) -> Callable[[str], T]:
    def checked(text: str) -> T:
        from ..bench import BenchmarkError

        try:
            return parse(text)
        except BenchmarkError as error:
            raise argparse.ArgumentTypeError(error.message) from error

    return checked
