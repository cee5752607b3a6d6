"""The one-way doors of the layout, read from the imports themselves."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import asyncauth

ROOT = Path(asyncauth.__file__).parent
BASE = {"_claims", "_errors", "_sid", "_spn", "_types"}

# who may import what of asyncauth; a package may always import itself
DOORS: dict[str, set[str]] = {
    "failures": set(),
    "_errors": {"failures"},
    "_spn": {"_errors"},
    "_sid": {"_errors"},
    "_claims": {"_sid"},
    "_types": {"_claims", "_sid", "_spn"},
    "_parts": set(),
    "_phases": {"_parts"},
    "_threads": set(),
    "_offload": {"_threads"},
    "_bindings": {"_types"},
    "tokens": BASE | {"failures"},
    "abc": BASE | {"_bindings"},
    "engine": BASE | {"abc", "_bindings"},
    "_sasl_layer": BASE,
    "framings": BASE | {"abc", "_sasl_layer"},
    "capture": BASE | {"framings", "tokens"},
    "mechanisms": BASE | {"abc", "failures", "tokens", "_bindings", "_parts"},
    "keytabs": BASE | {"failures", "mechanisms", "tokens"},
    "discovery": BASE | {"abc", "_offload", "_sasl_layer"},
    "authorization": BASE | {"discovery"},
    "_defaults": {"abc", "framings", "mechanisms"},
    "_channel": {"_errors"},
    "_setup": BASE | {"abc", "authorization", "engine", "_channel", "_defaults"},
    "_connected": set(),
    "_deadlines": set(),
    "instrument": BASE | {"abc", "_parts", "_phases"},
    "_anyio": BASE | {"abc", "engine", "_connected", "_deadlines", "_defaults", "_offload", "_setup"},
    "sasl": BASE | {"abc", "engine", "framings", "_defaults", "_offload", "_sasl_layer", "_setup"},
    "asyncio": BASE | {"abc", "engine", "_connected", "_deadlines", "_defaults", "_setup", "_threads"},
}

# third-party packages, by the one place that may import them
LIBRARIES: dict[str, set[str]] = {
    "gssapi": {
        "mechanisms/_gss/_bulk.py",
        "mechanisms/_gss/_claims.py",
        "mechanisms/_gss/_contexts.py",
        "mechanisms/_gss/_credentials.py",
        "mechanisms/_gss/_delegated.py",
        "mechanisms/_gss/_errors.py",
        "mechanisms/_gss/_keys.py",
        "mechanisms/_gss/_messages.py",
    },
    "cryptography": {"_channel.py", "mechanisms/rfc4121/_openssl.py"},
    "krb5": {"mechanisms/_krb5/_keys.py", "mechanisms/_krb5/_memory.py"},
    "spnego": {"mechanisms/_pyspnego.py"},
    "ldap3": {"discovery/_ldap.py"},
    "dns": {"discovery/_dns.py"},
}
FREE = {"testing", "cli", "bench"}  # what stands on top of everything

PURE = {
    "engine",
    "framings",
    "abc",
    "tokens",
    "capture",
    "_bindings",
    "_claims",
    "_errors",
    "_parts",
    "_sasl_layer",
    "_sid",
    "_types",
    "_spn",
}
IMPURE = {
    "asyncio",
    "anyio",
    "trio",
    "socket",
    "ssl",
    "select",
    "threading",
    "concurrent",
    "time",
    "datetime",
}


def modules() -> Iterator[tuple[str, Path, ast.Module]]:
    for path in sorted(ROOT.rglob("*.py")):
        relative = path.relative_to(ROOT)
        yield relative.parts[0].removesuffix(".py"), relative, ast.parse(path.read_text())


def imports(relative: Path, tree: ast.Module) -> Iterator[tuple[str, str]]:
    """(package, first name below it) of every import, relative ones made absolute."""
    for name in modules_named(relative, tree):
        package, _, rest = name.partition(".")
        yield package, rest.partition(".")[0]


def modules_named(relative: Path, tree: ast.Module) -> Iterator[str]:
    """The module of every import, wherever in the file it stands, relative ones made absolute."""
    here = ["asyncauth", *relative.parts[:-1]]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1]
            names = [node.module] if node.module else [alias.name for alias in node.names]
            for name in names:
                yield ".".join([*base, name])


def test_every_part_is_behind_a_door() -> None:
    parts = {part for part, _, _ in modules()} - FREE - {"__init__", "__main__"}
    assert parts == set(DOORS)


def test_imports_go_one_way() -> None:
    wrong = [
        f"{relative} imports asyncauth.{name}"
        for part, relative, tree in modules()
        if part in DOORS
        for package, name in imports(relative, tree)
        if package == "asyncauth" and name != part and name not in DOORS[part]
    ]
    assert not wrong


def test_no_file_is_part_of_a_circle() -> None:
    """Not even for the sake of a type."""
    files = {relative.with_suffix("").parts for _, relative, _ in modules()}
    graph = {
        relative.with_suffix("").parts: set(imported_files(relative, tree, files))
        for _, relative, tree in modules()
    }
    TopologicalSorter(graph).prepare()  # which raises CycleError, with the circle's files


def imported_files(
    relative: Path, tree: ast.Module, files: set[tuple[str, ...]]
) -> Iterator[tuple[str, ...]]:
    """The files that relative imports load, of a package its ``__init__``."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or node.level == 0:
            continue
        module = relative.parts[: len(relative.parts) - node.level]
        module += tuple(node.module.split(".")) if node.module else ()
        for alias in node.names:
            for candidate in ((*module, alias.name), (*module, alias.name, "__init__"), module):
                if candidate in files:
                    yield candidate
                    break
            else:
                yield (*module, "__init__")


def test_each_library_has_its_files() -> None:
    wrong = [
        f"{relative} imports {package}"
        for part, relative, tree in modules()
        if part not in FREE
        for package, _ in imports(relative, tree)
        if package in LIBRARIES and relative.as_posix() not in LIBRARIES[package]
    ]
    assert not wrong


def test_the_engine_and_what_is_below_it_know_no_io() -> None:
    wrong = [
        f"{relative} imports {package}"
        for part, relative, tree in modules()
        if part in PURE
        for package, _ in imports(relative, tree)
        if package in IMPURE and not (part == "_spn" and package == "socket")
    ]
    assert not wrong


def test_asyncio_and_anyio_sides_do_not_know_each_other() -> None:
    wrong = [
        str(relative)
        for part, relative, tree in modules()
        if part == "asyncio"
        for package, _ in imports(relative, tree)
        if package in ("anyio", "trio")
    ]
    assert not wrong


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import asyncauth.engine, asyncauth.framings", {"ssl", "gssapi", "ldap3"}),
        ("import asyncauth, asyncauth.asyncio, asyncauth.discovery", {"gssapi", "krb5", "dns"}),
        ("import asyncauth.mechanisms, asyncauth.keytabs", {"cryptography", "gssapi", "krb5", "spnego"}),
    ],
)
def test_importing_loads_nothing_optional(statement: str, absent: set[str]) -> None:
    script = f"{statement}\nimport sys\nprint(sorted(set({sorted(absent)!r}) & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(ast.literal_eval(result.stdout))
    assert loaded <= (absent if "engine" in statement else set())


def test_the_pure_wheel_works_without_gssapi() -> None:
    script = """
import sys
for name in ("gssapi", "krb5", "dns", "rich"):
    sys.modules[name] = None
import asyncauth, asyncauth.asyncio, asyncauth.discovery, asyncauth.mechanisms, asyncauth.framings
import asyncauth.keytabs
from asyncauth import MechanismUnavailable, Policy, ServicePrincipalName
try:
    asyncauth.mechanisms.Negotiate().initiate(ServicePrincipalName.parse("http/localhost"), Policy())
except MechanismUnavailable as error:
    print(error)
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "install asyncauth[kerberos]" in result.stdout


def test_files_stay_small() -> None:
    long = [
        f"{relative}: {lines}"
        for _, relative, _ in modules()
        if (lines := len((ROOT / relative).read_text().splitlines())) > 300
    ]
    assert not long
