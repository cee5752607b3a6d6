"""The benchmark of sealing alone runs, and says what it measured."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RATIOS = ("wrap_ratio", "wrap_bulk_ratio", "unwrap_ratio", "unwrap_bulk_ratio")


@pytest.mark.usefixtures("realm")
@pytest.mark.parametrize("protection", ["seal", "sign"])
def test_each_size_has_a_line(protection: str) -> None:
    command = [
        sys.executable,
        "-m",
        "benchmarks.messages",
        "--rounds",
        "2",
        "--protection",
        protection,
        "--json",
    ]
    done = subprocess.run(
        [*command, "--sizes", "0", "65536"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["size"] for row in rows] == [0, 65_536]
    assert all(row["wrap_us"] > 0 and row["unwrap_us"] > 0 for row in rows)
    assert all(0 < row[ratio] < 1000 for row in rows for ratio in RATIOS)
