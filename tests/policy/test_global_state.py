"""Nothing of the process is written by a handshake: the environment belongs to the program, and to other libraries."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

import asyncauth
from asyncauth.mechanisms import CredentialCache, Keytab, Negotiate, Password

from ..layers import Layer
from ..services import TWO_PARTS, House

ROOT = Path(asyncauth.__file__).parent
LIBRARY = [path for path in ROOT.rglob("*.py") if path.relative_to(ROOT).parts[0] != "testing"]
WRITERS = {"putenv", "unsetenv", "update", "setdefault", "pop", "popitem", "clear"}


def writes(tree: ast.AST) -> list[int]:
    """The lines that write to os.environ."""
    return [node.lineno for node in ast.walk(tree) if isinstance(node, ast.stmt | ast.expr) and _writes(node)]


def _writes(node: ast.AST) -> bool:
    match node:
        case ast.Subscript(value=held, ctx=ast.Store() | ast.Del()):
            return _is_environment(held)
        case ast.Call(func=ast.Attribute(value=ast.Name(id="os"), attr="putenv" | "unsetenv")):
            return True
        case ast.Call(func=ast.Attribute(value=held, attr=name)) if name in WRITERS:
            return _is_environment(held)
        case ast.AugAssign(target=held):
            return _is_environment(held)
    return False


def _is_environment(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id="os"), attr="environ") | ast.Name(id="environ"):
            return True
    return False


@pytest.mark.parametrize(
    "statement",
    [
        "os.environ['KRB5CCNAME'] = 'x'",
        "del os.environ['KRB5CCNAME']",
        "os.putenv('a', 'b')",
        "os.environ.update(a='b')",
        "environ.setdefault('a', 'b')",
        "os.environ |= {'a': 'b'}",
    ],
)
def test_writing_would_be_seen(statement: str) -> None:
    assert writes(ast.parse(statement)) == [1]


def test_no_library_code_writes_the_environment() -> None:
    assert len(LIBRARY) > 100
    found = {str(path): lines for path in LIBRARY if (lines := writes(ast.parse(path.read_text())))}
    assert found == {}


@pytest.mark.anyio
async def test_neither_do_handshakes_of_several_identities(layer: Layer, house: House) -> None:
    before = dict(os.environ)
    alice = house.realm.users["alice"]
    async with layer.serving(Negotiate(Keytab(house.service.keytab))) as server:
        for source in (CredentialCache(house.cache), Password(alice.principal, alice.password)):
            stream = await layer.connect(house.target(server.port, TWO_PARTS), Negotiate(source))
            await server.next()
            assert dict(os.environ) == before
            await stream.abort()
