"""Is a server of the realm up: ask it something and see whether it answers."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

from ._errors import RealmError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ._household import Child

__all__ = ["dns_answers", "ldap_answers", "listens", "wait_for"]

PAUSE = 0.02
"""Seconds between two tries."""
ANSWER = 2.0
"""Seconds a server has for one answer."""
ROOT_DSE = bytes.fromhex(
    "3025"  # LDAPMessage
    "020101"  # messageID 1
    "6320"  # searchRequest
    "0400 0a0100 0a0100 020101 020100 010100"  # "", base, never dereference, one entry, no time limit
    "870b 6f626a656374436c617373"  # (objectClass=*)
    "3000"  # all attributes
)
"""The one question that LDAP answers to everybody (RFC 4512 5.1)."""


def listens(address: str, port: int) -> bool:
    """Whether a TCP connection is taken."""
    try:
        socket.create_connection((address, port), ANSWER).close()
    except OSError:
        return False
    return True


def ldap_answers(address: str, port: int) -> bool:
    """Whether the directory answers a search of its root entry."""
    try:
        with socket.create_connection((address, port), ANSWER) as connection:
            connection.sendall(ROOT_DSE)
            return connection.recv(1) == b"\x30"
    except OSError:
        return False


def dns_answers(address: str, port: int, domain: str) -> bool:
    """Whether the name server answers for the domain's start of authority, without error."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in domain.split("."))
    question = b"\x00\x01" + b"\x00\x00" + b"\x00\x01" + bytes(6) + labels + b"\x00" + b"\x00\x06\x00\x01"
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(ANSWER)
            asking.connect((address, port))
            asking.send(question)
            reply = asking.recv(512)
    except OSError:
        return False
    return len(reply) > len(question) and reply[3] & 0x0F == 0


def wait_for(child: Child, probes: Mapping[str, Callable[[], bool]], seconds: float) -> None:
    """Wait until every probe says yes.

    :param probes: by the name of what is asked
    :raises RealmError: the server ended, or the time is over; with the end of its log
    """
    deadline = time.monotonic() + seconds
    for what, probe in probes.items():
        while not probe():
            if ended := child.ended():
                raise _not_up(ended)
            if time.monotonic() > deadline:
                words = child.last_lines()
                raise _not_up(
                    f"{child.name} does not answer ({what}) after {seconds:g} s; its log ends: {words}"
                )
            time.sleep(PAUSE)


def _not_up(what: str) -> RealmError:
    return RealmError(what, fix="see the log; start_realm(keep=True) keeps the realm's directory")
