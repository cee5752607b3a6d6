"""The error of the testing package."""

from __future__ import annotations

from .._errors import AsyncAuthError

__all__ = ["RealmError"]


class RealmError(AsyncAuthError):
    """A throw-away realm did not start, was used after its end, or refused an administrator's order."""
