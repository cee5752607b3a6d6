"""``asyncauth locate``: where a service is and who it must prove to be."""

from __future__ import annotations

import argparse

from .._types import Target
from . import _loop
from ._options import credential, mechanism
from ._output import Output
from ._target import resolver_of

__all__ = ["run"]


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Print the first place to try, or all of them."""
    source = credential(arguments)

    async def locate() -> None:
        async with resolver_of(arguments, mechanism("negotiate", source)) as (resolver, query):
            targets = await resolver.resolve(query)
        for target in targets if arguments.all else targets[:1]:
            _show(target, output)

    _loop.run(locate)
    return 0


def _show(target: Target, output: Output) -> None:
    fields: dict[str, object] = {"address": target.address, "spn": str(target.spn), "source": target.source}
    output.event("target", host=target.host, port=target.port, **fields)
    output.line(f"{target.host}:{target.port}", "bold")
    output.rows({key: value for key, value in fields.items() if value is not None})
