"""``asyncauth serve``: in this process, or in several."""

from __future__ import annotations

import argparse

from . import _loop, _workers
from ._output import Output
from ._server import Server

__all__ = ["run"]


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Serve until SIGINT or SIGTERM; 0 then."""
    if arguments.workers > 1:
        return _workers.run(arguments, output)
    server = Server(arguments, output)
    try:
        _loop.run(server.serve)
    except KeyboardInterrupt:
        output.line("stopped")
    return 0
