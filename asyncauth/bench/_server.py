"""A contestant's server: a process that says where it listens and answers questions until its stdin ends.

``python -m asyncauth.bench._server``. The first line on stdin is its settings; each further line is a question, each on
stdout an answer in JSON. The questions are read by a thread, which sleeps while anything is measured, so that the
loop has nothing to do but to serve.
"""

from __future__ import annotations

import gc
import json
import logging
import sys
import threading
import time
from pathlib import Path

import anyio
import anyio.from_thread
import anyio.lowlevel

from ._common import Tally
from ._families import family, wire
from ._settings import Settings


def main() -> None:
    """Serve as the first line says."""
    settings = Settings.parse(sys.stdin.readline())
    settings.settle()
    logging.getLogger("asyncauth").setLevel(logging.ERROR)  # who is refused, the tally knows
    anyio.run(_serve, settings, **settings.runner)


async def _serve(settings: Settings) -> None:
    tally, asked_to_stop = Tally(), anyio.Event()
    loop = anyio.lowlevel.current_token()
    served = family(settings.family, wire(settings, tally, server=True))

    def answer() -> None:
        for line in sys.stdin:
            question = json.loads(line)
            forgiven = tally.forgive() if question.get("forgive") else 0
            tally.hangs_up = question.get("hangs_up", tally.hangs_up)
            _say(
                handshakes=tally.handshakes,
                failures=tally.failures,
                forgiven=forgiven,
                cpu=time.process_time(),
                memory=_memory() if question.get("memory") else 0,
            )
        anyio.from_thread.run_sync(asked_to_stop.set, token=loop)

    async with anyio.create_task_group() as group:
        group.start_soon(served.serve, lambda port: _say(port=port), settings.port)
        threading.Thread(target=answer, daemon=True).start()
        await asked_to_stop.wait()
        group.cancel_scope.cancel()


def _memory() -> int:
    """Bytes of this process that are in memory (the resident set), without garbage."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def _say(**fields: object) -> None:
    print(json.dumps(fields), flush=True)  # noqa: T201 - that is how it answers


if __name__ == "__main__":
    main()
