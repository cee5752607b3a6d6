"""A layer's server: a process that says where it listens and answers questions until its stdin ends.

``python -m benchmarks._server LAYER KEYTAB``. Each line on stdin is a question, each on stdout its answer in JSON.
The questions are read by a thread, which sleeps while anything is measured, so that the loop has nothing to do but
to serve.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import time

import anyio
import anyio.from_thread
import anyio.lowlevel

from asyncauth.mechanisms import Keytab, Negotiate

from ._common import Tally
from ._layers import LAYERS


def main(layer: str, keytab: str) -> None:
    """Serve with this layer and these keys."""
    logging.getLogger("asyncauth").setLevel(logging.ERROR)  # who is refused, the tally knows
    anyio.run(_serve, layer, keytab, **LAYERS[layer].runner)


async def _serve(layer: str, keytab: str) -> None:
    tally, asked_to_stop = Tally(), anyio.Event()
    loop = anyio.lowlevel.current_token()

    def answer() -> None:
        for _ in sys.stdin:
            _say(handshakes=tally.handshakes, failures=tally.failures, cpu=time.process_time())
        anyio.from_thread.run_sync(asked_to_stop.set, token=loop)

    async with anyio.create_task_group() as group:
        group.start_soon(LAYERS[layer].calls().serve, Negotiate(Keytab(keytab)), tally, _ready)
        threading.Thread(target=answer, daemon=True).start()
        await asked_to_stop.wait()
        group.cancel_scope.cancel()


def _ready(port: int) -> None:
    _say(port=port)


def _say(**fields: object) -> None:
    print(json.dumps(fields), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
