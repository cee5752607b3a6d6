"""TARGET: where a service is, or by what name a directory knows it.

``host:port`` (then ``--spn`` says who must answer there), ``scp:<keyword or GUID>``, ``rnr:<service name>``,
``srv:_name._tcp.domain``.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

from .._types import Target
from ..abc import ServiceQuery
from ._directory import dns_of, open_directory
from ._options import Endpoint, UsageError, place

if TYPE_CHECKING:
    from ..abc import Mechanism, Resolver

__all__ = ["HELP", "Sought", "resolver_of", "target"]

HELP = "host:port (with --spn), scp:<keyword or GUID>, rnr:<service name> or srv:_name._tcp.domain"

_SRV = re.compile(r"_([^.]+)\._tcp\.(.+)")


class Sought(NamedTuple):
    """A service by a name that has to be looked up.

    :param kind: ``scp``, ``rnr`` or ``srv``
    :param domain: for ``srv``, where to look
    """

    kind: str
    name: str
    domain: str = ""

    def __str__(self) -> str:
        return f"srv:_{self.name}._tcp.{self.domain}" if self.domain else f"{self.kind}:{self.name}"


def target(text: str) -> Endpoint | Sought:
    """Read a TARGET. A prefix goes first: ``scp:2000`` is a keyword, a host of that name is ``[scp]:2000``."""
    kind, colon, name = text.partition(":")
    if colon and kind in ("scp", "rnr"):
        if not name:
            raise argparse.ArgumentTypeError(f"{text!r} names no service")
        return Sought(kind, name)
    if colon and kind == "srv":
        found = _SRV.fullmatch(name)
        if found is None:
            raise argparse.ArgumentTypeError(f"{text!r} is not srv:_name._tcp.domain")
        return Sought("srv", found[1], found[2].strip("."))
    return place(text)


@asynccontextmanager
async def resolver_of(
    arguments: argparse.Namespace, mechanism: Mechanism
) -> AsyncIterator[tuple[Resolver, ServiceQuery]]:
    """Whom to ask for the TARGET, and what; a connection to a directory is closed at the end.

    :param mechanism: as whom to ask a directory
    :raises UsageError: options are missing, or do not fit this kind of TARGET
    """
    from ..discovery import DnsSrv, ServiceConnectionPoints, Static, WinsockServices

    sought, service_class = arguments.target, arguments.service_class
    if isinstance(sought, Endpoint):
        given = _given(arguments, sought)
        yield Static({str(sought): given}, source="the command line"), ServiceQuery(str(sought))
        return
    if arguments.spn is not None:
        raise UsageError(f"{sought} brings its own SPN; --spn is for host:port")
    query = ServiceQuery(sought.name)
    dns = dns_of(arguments)
    if sought.kind == "srv":
        yield DnsSrv(sought.domain, service_class=service_class, dns=dns), query
        return
    async with open_directory(arguments, mechanism) as directory:
        if sought.kind == "scp":
            yield ServiceConnectionPoints(directory, service_class=service_class, dns=dns), query
        else:
            yield WinsockServices(directory, service_class=service_class), query


def _given(arguments: argparse.Namespace, given: Endpoint) -> Target:
    if arguments.spn is None:
        raise UsageError(f"{given} needs --spn: which service must prove to be there")
    if arguments.service_class is not None:
        raise UsageError("--service-class is for services that are looked up; --spn says it all")
    return Target(given.host, given.port, arguments.spn, source="the command line")
