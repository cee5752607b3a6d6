"""The command line: ``python -m benchmarks --help``. Exit codes: 0 measured, 1 failed, 2 wrong usage.

There is no verdict: what the figures should be is for whoever reads them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from asyncauth import AsyncAuthError

from ._child import Pair
from ._common import SPN, BenchmarkError
from ._layers import LAYERS, Layer, chosen
from ._limit import MECHANISMS, Limit
from ._realm import private_realm
from ._report import Report, tell
from ._rounds import MEASURES, Plan, samples


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what the arguments say; the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        layers = chosen(options.layers)
    except BenchmarkError as error:
        parser.error(str(error))
    measures = tuple(measure for measure in MEASURES if options.only in (None, measure))
    plan = Plan(options.rounds, options.seconds, options.connections, measures)
    try:
        _run(plan, layers, options)
    except (BenchmarkError, AsyncAuthError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _run(plan: Plan, layers: Sequence[Layer], options: argparse.Namespace) -> None:
    with private_realm(options.realm, tell) as place, ExitStack() as stack:
        pairs = {}
        for layer in layers:
            tell(f"starting server and client of {layer}")
            pairs[str(layer)] = stack.enter_context(Pair(layer, place.cache, place.keytab))
        limits = [Limit(mechanism, SPN, place.cache, place.keytab) for mechanism in MECHANISMS]
        report = Report(plan, place, as_json=options.json)
        for sample in samples(plan, pairs, limits):
            report.add(sample)
        report.end()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Handshakes per second and sealed throughput of each layer, as ratios to raw GSSAPI in the same"
        " run. A layer's server and client are two processes on 127.0.0.1.",
    )
    parser.add_argument("--rounds", type=_at_least(int, 1), default=5, help="default: %(default)s")
    parser.add_argument(
        "--seconds",
        type=_at_least(float, 0.01),
        default=1.0,
        help="of one measurement (default: %(default)s)",
    )
    parser.add_argument(
        "--connections",
        type=_at_least(int, 1),
        default=32,
        help="handshakes under way at a time (default: %(default)s)",
    )
    parser.add_argument(
        "--layers",
        help=f"of {', '.join(LAYERS)}: names, families or loops, with commas (default: all installed)",
    )
    parser.add_argument("--only", choices=MEASURES, help="one of the two measures")
    parser.add_argument(
        "--realm",
        choices=("auto", "ad", "mit"),
        default="auto",
        help="the private realm (default: ad if possible)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object per line in place of the table")
    return parser


def _at_least(kind: Callable[[str], float], least: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        value = kind(text)
        if not value >= least:
            raise argparse.ArgumentTypeError(f"{text} is less than {least:g}")
        return value

    parse.__name__ = kind.__name__
    return parse


if __name__ == "__main__":
    sys.exit(main())
