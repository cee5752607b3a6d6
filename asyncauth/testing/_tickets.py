"""Initial tickets into FILE: caches, without touching this process's environment."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from .._errors import CredentialError, MechanismUnavailable
from ._household import clean_environment

__all__ = ["initial_ticket", "require_krb5"]

PATIENCE = 20.0
"""Seconds until an unanswered request is given up; libkrb5 by itself would try for longer."""


def require_krb5() -> None:
    """Raise MechanismUnavailable if the ``krb5`` package is missing."""
    if importlib.util.find_spec("krb5") is None:
        raise MechanismUnavailable(
            "tickets for a realm need the Python package krb5", fix="pip install 'asyncauth[testing]'"
        )


def initial_ticket(config: Path, principal: str, password: str, cache: Path, lifetime: float | None) -> None:
    """Get a ticket-granting ticket by password and put it, alone, into the file.

    The file is replaced in one step, so whoever reads it sees the old ticket or the new one.

    :param config: the realm's krb5.conf
    :param lifetime: seconds; None for as long as the KDC gives
    :raises CredentialError: the KDC refused, or did not answer in time
    """
    fresh = cache.with_name(cache.name + ".new")
    request = {
        "principal": principal,
        "password": password,
        "cache": f"FILE:{fresh}",
        "lifetime": None if lifetime is None else max(1, round(lifetime)),
    }
    answer = _ask(config, request)
    if "error" in answer:
        fresh.unlink(missing_ok=True)
        raise CredentialError(
            f"no ticket for {principal}: {answer['error']}",
            fix="check the account's name and password, and that the realm is running",
            code=str(answer["code"]),
        )
    fresh.replace(cache)


def _ask(config: Path, request: dict[str, Any]) -> dict[str, Any]:
    script = Path(__file__).with_name("_initial_ticket.py")
    try:
        # -P: the script's own folder must not become a place to import from.
        done = subprocess.run(  # noqa: S603 - our own script
            [sys.executable, "-P", str(script)],
            input=json.dumps(request),
            env=clean_environment(KRB5_CONFIG=str(config)),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"error": f"the KDC did not answer within {PATIENCE:g} s", "code": "timeout"}
    if done.returncode:
        return {"error": done.stderr.strip().rpartition("\n")[2], "code": done.returncode}
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
