"""The one-way doors inside mechanisms, and the one to it from outside; see ``tests/test_architecture.py``."""

from __future__ import annotations

import ast
from pathlib import Path

from ..test_architecture import modules, modules_named

# who may import what of mechanisms, from the bottom up: each only what stands above it here
DOORS: dict[str, set[str]] = {
    "_codes": set(),
    "_pac": set(),
    "rfc4121": set(),
    "_secret": set(),
    "_sources": {"_secret"},
    "_krb5": {"_codes", "_secret", "_sources"},
    "_gss": {"_codes", "_krb5", "_pac", "_sources", "rfc4121"},
    "_pyspnego": {"_sources"},
    "_mechanisms": {"_gss", "_pyspnego", "_sources"},
    "__init__": {"_mechanisms", "_sources"},
}
# who knows more of mechanisms than the names that it gives to all
INTIMATES = {"keytabs": {"_codes", "_krb5", "_secret"}}


def test_imports_go_one_way() -> None:
    below: set[str] = set()
    for part, doors in DOORS.items():
        assert doors <= below
        below.add(part)
    within = [
        (relative.parts[1].removesuffix(".py"), relative, tree)
        for part, relative, tree in modules()
        if part == "mechanisms"
    ]
    assert {part for part, _, _ in within} == set(DOORS)
    wrong = [
        f"{relative} imports {name}"
        for part, relative, tree in within
        for name in of_mechanisms(relative, tree)
        if name not in DOORS[part] | {part}
    ]
    assert not wrong


def test_others_take_from_mechanisms_what_it_gives_to_all() -> None:
    wrong = [
        f"{relative} imports mechanisms.{name}"
        for part, relative, tree in modules()
        if part != "mechanisms"
        for name in of_mechanisms(relative, tree)
        if name not in INTIMATES.get(part, set())
    ]
    assert not wrong


def of_mechanisms(relative: Path, tree: ast.Module) -> set[str]:
    """What is imported from inside mechanisms, by the first name there."""
    inside = "asyncauth.mechanisms."
    return {
        name.removeprefix(inside).partition(".")[0]
        for name in modules_named(relative, tree)
        if name.startswith(inside)
    }
