"""One end with another clock: a script that libfaketime is put beneath.

Its argument says what to do, stdin and the arguments after it what with; the answer is a line of JSON: the error's
class, code, cause and text, or a token.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

from asyncauth import AsyncAuthError, Policy, ServicePrincipalName
from asyncauth.mechanisms import CredentialCache, Kerberos, Keytab, Negotiate, Password

SEAL = Policy()
KINDS = {"Negotiate": Negotiate, "Kerberos": Kerberos}


def accept(kind: str, keytab: str, token: str) -> None:
    """Take a client's token."""
    KINDS[kind](Keytab(keytab)).accept(SEAL).step(bytes.fromhex(token))


def log_in(kind: str, principal: str, password: str, spn: str) -> None:
    """Get a ticket with a password, and one for a service."""
    KINDS[kind](Password(principal, password)).initiate(ServicePrincipalName.parse(spn), SEAL).step(None)


def both(kind: str, cache: str, keytab: str, spn: str) -> None:
    """A handshake of two ends with the same clock."""
    client = KINDS[kind](CredentialCache(cache)).initiate(ServicePrincipalName.parse(spn), SEAL)
    token, _ = client.step(None)
    client.step(KINDS[kind](Keytab(keytab)).accept(SEAL).step(token).token)


WORK: dict[str, Callable[..., None]] = {"accept": accept, "log_in": log_in, "both": both}


def main() -> None:
    """Do it, and say how it ended."""
    work = WORK[sys.argv[1]]
    try:
        work(*json.load(sys.stdin))
    except AsyncAuthError as error:
        token = getattr(error, "token", None)
        said = {
            "class": type(error).__name__, "message": error.message, "fix": error.fix, "code": error.code,
            "cause": error.cause, "token": token and token.hex(),
        }  # fmt: skip
    else:
        said = {}
    print(json.dumps(said))  # noqa: T201 - this is its answer


if __name__ == "__main__":
    main()
