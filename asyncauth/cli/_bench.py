"""``asyncauth bench``: how fast it is, as ratios.

Progress goes to stderr, the figures to stdout: a table, or with --json a line for the setting, one for each sample as
it is made, one for whatever could not be measured, and one for each result.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ..bench import MEASURES, Bench, Plan, Sample, Settings, check_plot, chosen_layers, show, write_plot
from . import _loop
from ._options import UsageError, credential, mechanism
from ._output import Output, reason_of
from ._target import resolver_of

if TYPE_CHECKING:
    from .._types import Target
    from ..bench import Entrant

__all__ = ["run"]

_REMOTE = ("handshake", "throughput", "echo")
_FOR_TARGET = (
    "spn", "service_class", "cache", "keytab", "principal", "password_file", "domain", "dc", "nameserver",
)  # fmt: skip


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Measure and show; 0, whatever the figures are."""
    _check(arguments)
    with _loop.sigterm_interrupts(), _progress() as tell:
        bench = Bench(
            _plan(arguments),
            _layers(arguments),
            arguments.against,
            arguments.workers,
            arguments.realm,
            tell,
        )
        output.event("setting", **bench.setting, target=arguments.target and str(arguments.target))
        with _measuring(bench, arguments) as samples:
            for sample in samples:
                output.event("sample", **_fields(sample))
    _end(bench, arguments, output)
    return 0


def _check(arguments: argparse.Namespace) -> None:
    if arguments.plot is not None:
        check_plot(arguments.plot)
    if arguments.target is None:
        for name in _FOR_TARGET:
            if getattr(arguments, name) is not None:
                raise UsageError(f"--{name.replace('_', '-')} is for a TARGET; the private realm has its own")
        return
    if arguments.measure not in (*_REMOTE, "all"):
        raise UsageError(f"{arguments.measure} cannot be measured with a service that is not ours")
    if arguments.against or arguments.workers > 1:
        raise UsageError("--against and --workers are for the private realm, without a TARGET")
    if arguments.principal is not None and arguments.keytab is None:
        raise UsageError("bench gives no password to the processes it starts: use --cache or --keytab")


def _layers(arguments: argparse.Namespace) -> list[Entrant]:
    layers = chosen_layers(None) if arguments.layers is None else arguments.layers
    return [replace(layer, framing=arguments.framing, mechanism=arguments.mechanism) for layer in layers]


def _plan(arguments: argparse.Namespace) -> Plan:
    measures = tuple(MEASURES) if arguments.measure == "all" else (arguments.measure,)
    if arguments.target is not None and arguments.measure == "all":
        measures = _REMOTE
    return Plan(arguments.rounds, arguments.seconds, arguments.connections, arguments.idle, measures)


def _measuring(bench: Bench, arguments: argparse.Namespace) -> AbstractContextManager[Iterator[Sample]]:
    if arguments.target is None:
        return bench.private()
    target = _loop.run(partial(_located, arguments))
    return bench.remote(
        Settings(
            host=target.host,
            port=target.port,
            address=target.address,
            spn=str(target.spn),
            cache=arguments.cache,
            keytab=arguments.keytab,
            principal=arguments.principal,
        )
    )


async def _located(arguments: argparse.Namespace) -> Target:
    asking = mechanism("negotiate", credential(arguments))
    async with resolver_of(arguments, asking) as (resolver, query):
        return (await resolver.resolve(query))[0]


@contextmanager
def _progress() -> Iterator[Any]:
    with Output(sys.stderr, json=False).progress() as tell:
        yield tell


def _fields(sample: Sample) -> dict[str, object]:
    return {
        "round": sample.round,
        "measure": sample.measure.name,
        "name": sample.name,
        "unit": sample.measure.unit,
        "value": sample.measured.value,
        "server_cpu_us": sample.measured.server_cpu,
        "client_cpu_us": sample.measured.client_cpu,
        "limits": {name: limit._asdict() for name, limit in sample.limits.items()},
        "ratios": sample.ratios,
        "cpu_ratios": sample.cpu_ratios,
        **sample.measured.more,
    }


def _end(bench: Bench, arguments: argparse.Namespace, output: Output) -> None:
    figures = bench.figures()
    for figure in figures:
        output.event("result", **figure.fields)
    if not output.json:
        output.line(
            ", ".join(f"{name} {value}" for name, value in bench.setting.items() if value is not None)
        )
        show(figures, bench.plan, sys.stdout)
    for each in bench.missing:
        output.event("not-measured", what=each.what, reason=each.reason.message, fix=each.reason.fix)
        output.line(f"not measured: {each.what}: {reason_of(each.reason)}; {each.reason.fix}")
    if arguments.plot is not None:
        write_plot(arguments.plot, figures, bench.plan, bench.setting)
        output.line(f"drawn in {arguments.plot}")
