"""``asyncauth serve``: in this process, or in several."""

from __future__ import annotations

import argparse
from functools import partial

from . import _loop, _workers
from ._dump import dump_of
from ._output import Output
from ._server import Server

__all__ = ["run"]


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Serve until SIGINT or SIGTERM; 0 then."""
    if arguments.workers > 1:
        return _workers.run(arguments, output)
    server = Server(arguments, output)
    try:
        with dump_of(arguments, "server") as dump:
            _loop.run(partial(server.serve, dump))
    except KeyboardInterrupt:
        output.line("stopped")
    return 0
