"""The directory that the commands talk to: from options, from the environment, from krb5.conf."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from .._errors import DirectoryError
from ._krb5 import default_realm
from ._options import UsageError

if TYPE_CHECKING:
    from ..abc import Mechanism
    from ..discovery import Directory, Dns

__all__ = ["dns_of", "open_directory"]


def open_directory(arguments: argparse.Namespace, mechanism: Mechanism) -> Directory:
    """The directory of ``--domain`` and ``--dc``; nothing is asked yet. Close it.

    :raises DirectoryError: nobody says which domain
    :raises UsageError: a name server that is none
    """
    from ..discovery import Directory
    from ..mechanisms import Kerberos

    host, _, address = (arguments.dc or "").partition("=")
    return Directory(
        _domain(arguments),
        mechanism if mechanism.name != "ntlm" else Kerberos(),
        host=host or None,
        address=address or None,
        dns=dns_of(arguments),
        timeout=arguments.timeout,
    )


def dns_of(arguments: argparse.Namespace) -> Dns | None:
    """The resolver of ``--nameserver``, None for the system's."""
    from ..discovery import Dns

    nameserver = arguments.nameserver or os.environ.get("ASYNCAUTH_NAMESERVER")
    if not nameserver:
        return None
    try:
        return Dns(nameserver, timeout=min(5.0, arguments.timeout))
    except ValueError as error:
        raise UsageError(str(error)) from error


def _domain(arguments: argparse.Namespace) -> str:
    named = arguments.domain or os.environ.get("ASYNCAUTH_DOMAIN")
    domain = named or (default_realm() or "").lower()
    if not domain:
        raise DirectoryError(
            "which Active Directory domain is not known: there is no default realm either",
            fix="give --domain, or set ASYNCAUTH_DOMAIN",
        )
    return domain
