"""That memory is kept can be seen by its page faults, in a process of its own."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys

import pytest

PROGRAM = """
import json, resource, socket
from asyncauth.engine._memory import keep_free_memory

one, other = socket.socketpair()

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(1_000):
        one.send(b"x")
        other.recv(262_144)  # as asyncio does
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

cold = faults()
keep_free_memory()
faults()
print(json.dumps([cold, faults()]))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="about glibc's allocator")
def test_blocks_are_not_taken_anew_each_time() -> None:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))
    }
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        timeout=60,
    )
    cold, kept = json.loads(result.stdout)
    assert cold > 500
    assert kept < 100
