"""A pytest plugin that puts every message on the bulk path, or none: ``pytest -p tests.bulk --bulk=always``.

Whatever passes without it must pass with it: ``always`` has even empty messages sealed by OpenSSL. What runs in
another process keeps to the rule.
"""

from __future__ import annotations

import sys

import pytest

from asyncauth.mechanisms._gss import _messages

__all__ = ["pytest_addoption", "pytest_configure", "pytest_ignore_collect"]

_FROM = {"always": 0, "never": sys.maxsize}
_OWN_TESTS = "rfc4121"
"""They choose for themselves."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--bulk", choices=("by-size", *_FROM), default="by-size", help="see tests/bulk.py")


def pytest_configure(config: pytest.Config) -> None:
    choice = config.getoption("--bulk")
    if choice in _FROM:
        _messages.SEALED_FROM = _messages.SIGNED_FROM = _FROM[choice]


def pytest_ignore_collect(collection_path: object, config: pytest.Config) -> bool | None:
    own = str(collection_path).endswith(_OWN_TESTS)
    return True if own and config.getoption("--bulk") in _FROM else None
