"""The table of cases is whole, and what it names exists."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from .cases import CASES, Case

TESTS = Path(__file__).parents[2]


@cache
def named_in(file: str) -> frozenset[str]:
    tree = ast.parse((TESTS / file).read_text())
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in tree.body if isinstance(node, functions))


def test_no_case_is_missing() -> None:
    assert list(CASES) == [f"N{number:02}" for number in range(1, 93)]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_each_case_has_a_test_or_a_reason(case: Case) -> None:
    assert case.tests or case.reason
    for name in case.tests:
        file, _, test = name.partition("::")
        assert test in named_in(file), f"{name} does not exist"
