"""Everything that ``asyncauth bench`` measures, against every peer that is installed here, with two processes a side.

``python -m benchmarks``; takes the options of ``asyncauth bench``, and a MEASURE in place of ``all``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from asyncauth.cli import main as command
from asyncauth.cli._bench_options import MEASURES

_DEFAULTS = ("--against", "all", "--workers", "2")


def main(arguments: Sequence[str]) -> int:
    """The exit code of ``asyncauth bench``."""
    measure = [] if any(name in arguments for name in (*MEASURES, "all", "-h", "--help")) else ["all"]
    return command(["bench", *_DEFAULTS, *measure, *arguments])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
