"""Who is in a realm: people and services."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Service", "User", "good_password"]

NAME_COUNTS = 3
"""Letters from which on AD's password rules look for the account's name in the password."""


@dataclass(frozen=True, slots=True)
class User:
    """A person's account.

    :param principal: the name with its realm, ``alice@EXAMPLE.TEST``
    """

    name: str
    password: str = field(repr=False)
    principal: str


@dataclass(frozen=True, slots=True)
class Service:
    """An account with a key of its own that runs a service, or a computer.

    :param name: the account's name (a computer's without its ``$``)
    :param principal: the account's own principal, ``svc@EXAMPLE.TEST``
    :param keytab: a file with an entry for the account and one for each SPN, as of when it was written
    :param spns: those registered when the account was made
    :param dn: the account's distinguished name, on AD
    """

    name: str
    password: str = field(repr=False)
    principal: str
    keytab: Path
    spns: tuple[str, ...]
    dn: str | None = None


def good_password(name: str) -> str:
    """A random password with a hundred bits, of all kinds of characters, that does not contain the name."""
    while True:
        password = secrets.choice(("Aa1.", "Zz9.")) + secrets.token_urlsafe(18)
        if len(name) < NAME_COUNTS or name.casefold() not in password.casefold():
            return password
