"""Sealing and unsealing by themselves, without a network: ``python -m benchmarks.messages --help``.

For each size of message the four ways are timed in turn, in many short rounds: ``gss_wrap`` and ``gss_unwrap`` of raw
GSSAPI, what asyncauth does (the bulk path for large messages, GSSAPI for small ones), and the bulk path for all sizes,
which shows from where on it pays. A ratio is the median over the rounds; the machine may be busy, a round is short.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import Any, NamedTuple

from gssapi import raw

from asyncauth import Policy, Protection, ServicePrincipalName
from asyncauth.abc import SecurityContext
from asyncauth.bench import Place, private_realm
from asyncauth.engine._memory import keep_free_memory
from asyncauth.mechanisms import CredentialCache, Keytab, Negotiate

SIZES = (0, 64, 256, 1024, 1536, 2048, 3072, 4096, 8192, 16_384, 65_536)
_BATCH_SECONDS = 0.002
"""Of GSSAPI's time in one batch, about."""
_BYTES_PER_SECOND, _CALL_SECONDS = 1.5e8, 2e-6


class Way(NamedTuple):
    """One way of doing it: both ends of a context."""

    wrap: Callable[[bytes], bytes]
    unwrap: Callable[[bytes], object]


class Row(NamedTuple):
    """A size's figures: microseconds a message through GSSAPI, and how many times faster the other two are."""

    size: int
    wrap_us: float
    wrap_ratio: float
    wrap_bulk_ratio: float
    unwrap_us: float
    unwrap_ratio: float
    unwrap_bulk_ratio: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print; a line of JSON for each size with ``--json``."""
    options = _parser().parse_args(arguments)
    keep_free_memory()  # as every connection does
    with private_realm(options.realm, _tell) as place:
        for row in rows(place, options.sizes, options.rounds, seal=options.protection == "seal"):
            print(json.dumps(row._asdict()) if options.json else _line(row), flush=True)


def _tell(line: str) -> None:
    print(f"  {line}", file=sys.stderr, flush=True)


def rows(place: Place, sizes: Sequence[int], rounds: int, *, seal: bool) -> Iterator[Row]:
    """Measure each size."""
    ways = [_gssapi(place, seal), _ours(place, seal), _ours(place, seal, everything=True)]
    for size in sizes:
        count = max(1, int(_BATCH_SECONDS / (_CALL_SECONDS + size / _BYTES_PER_SECOND)))
        data = bytes(size)
        times = [_round(ways, data, count, number) for number in range(rounds + 1)][1:]
        yield Row(size, *_figures([one[0] for one in times]), *_figures([one[1] for one in times]))


def _round(ways: Sequence[Way], data: bytes, count: int, number: int) -> tuple[list[float], list[float]]:
    """Microseconds of each way, to wrap and to unwrap; who comes first changes from round to round."""
    wraps, unwraps = [0.0] * len(ways), [0.0] * len(ways)
    for step in range(len(ways)):
        place = (step + number) % len(ways)
        way = ways[place]
        start = time.perf_counter()
        tokens = [way.wrap(data) for _ in range(count)]
        middle = time.perf_counter()
        for token in tokens:
            way.unwrap(token)
        wraps[place] = (middle - start) / count * 1e6
        unwraps[place] = (time.perf_counter() - middle) / count * 1e6
    return wraps, unwraps


def _figures(times: list[list[float]]) -> tuple[float, float, float]:
    ours, everything = (median(one[0] / one[way] for one in times) for way in (1, 2))
    return median(one[0] for one in times), ours, everything


def _gssapi(place: Place, seal: bool) -> Way:
    client, server = (end._context for end in _handshake(place, bulk=False))  # type: ignore[attr-defined]  # noqa: SLF001
    return Way(lambda data: raw.wrap(client, data, seal)[0], lambda token: raw.unwrap(server, token))


def _ours(place: Place, seal: bool, *, everything: bool = False) -> Way:
    client, server = _handshake(place, bulk=True)
    for sender, receiver in ((client, server), (server, client)):  # makes the keys
        receiver.unwrap(sender.wrap(bytes(65_536), seal))
    if everything:
        client, server = client._bulk, server._bulk  # type: ignore[attr-defined]  # noqa: SLF001
    return Way(lambda data: client.wrap(data, seal), server.unwrap)


def _handshake(place: Place, *, bulk: bool) -> tuple[SecurityContext, SecurityContext]:
    policy = Policy(Protection.SEAL)
    client = Negotiate(CredentialCache(place.cache), bulk=bulk).initiate(
        ServicePrincipalName.parse(place.spn), policy
    )
    server = Negotiate(Keytab(place.keytab), bulk=bulk).accept(policy)
    token: Any = None
    while (token := client.step(token).token) and (token := server.step(token).token):
        pass
    return client, server


def _line(row: Row) -> str:
    return (
        f"{row.size:>7} B   wrap {row.wrap_us:7.2f} us  x{row.wrap_ratio:5.2f}  (bulk x{row.wrap_bulk_ratio:5.2f})"
        f"   unwrap {row.unwrap_us:7.2f} us  x{row.unwrap_ratio:5.2f}  (bulk x{row.unwrap_bulk_ratio:5.2f})"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.messages", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="BYTES")
    parser.add_argument("--rounds", type=int, default=60, help="default: %(default)s")
    parser.add_argument("--protection", choices=("seal", "sign"), default="seal")
    parser.add_argument("--realm", choices=("auto", "ad", "mit"), default="auto", help="the private realm")
    parser.add_argument("--json", action="store_true", help="one object a line")
    return parser


if __name__ == "__main__":
    main()
