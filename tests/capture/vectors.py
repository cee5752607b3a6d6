"""The captured conversations, with the independent descriptions of their bytes that stand in them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

VECTORS = Path(__file__).parents[1] / "vectors"
FILES = sorted(
    path for peer in ("dotnet", "gss_sample", "winsock", "sasl") for path in (VECTORS / peer).glob("*.txt")
)


def name_of(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


class Described(NamedTuple):
    """A message as the comments in a file describe it."""

    size: int
    fields: list[tuple[int, int, str]]


def described(text: str) -> list[Described]:
    """What the comments of a file say, in its order."""
    found: list[Described] = []
    for line in text.partition("\n\n")[2].splitlines():
        words = line.split(maxsplit=3)
        if line.startswith("# ") and " of " in line and line.endswith("offset, size, field"):
            found.append(Described(int(line.split()[3]), []))
        elif line.startswith("# "):
            found[-1].fields.append((int(words[1]), int(words[2]), words[3] if words[3:] else ""))
    return found
