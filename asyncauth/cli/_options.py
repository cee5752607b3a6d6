"""The options that several commands share, and what they stand for: mechanism, framing, credential."""

from __future__ import annotations

import argparse
import getpass
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .._errors import CredentialError, InvalidName
from .._spn import ServicePrincipalName
from .._types import Binding, Policy, Protection

if TYPE_CHECKING:
    from ..abc import Framing, Mechanism
    from ..mechanisms import Credential

__all__ = [
    "Endpoint", "UsageError", "add_common", "add_credential", "add_decode", "add_directory", "add_wire", "count",
    "credential",
    "endpoint", "framing", "guid", "mechanism", "place", "policy", "seconds", "spn",
]  # fmt: skip

_HIGHEST_PORT = 65_535


class UsageError(Exception):
    """Arguments that do not go together; the command has done nothing."""


class Endpoint(NamedTuple):
    """A host and a TCP port.

    :param host: name or address, without brackets; empty for all addresses of this machine
    """

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host or '*'}:{self.port}"


def endpoint(text: str) -> Endpoint:
    """``host:port``, ``[IPv6 address]:port``, ``:port`` and ``*:port`` for all addresses."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > _HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not host:port")
    if host.startswith("[") and host.endswith("]"):
        return Endpoint(host[1:-1], int(port))
    if ":" in host:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not host:port; write an IPv6 address as [address]:port"
        )
    return Endpoint("" if host == "*" else host, int(port))


def place(text: str) -> Endpoint:
    """A host and a port to connect to."""
    found = endpoint(text)
    if not found.host or not found.port:
        raise argparse.ArgumentTypeError(f"{text!r} is not host:port")
    return found


def count(text: str) -> int:
    """A number of 1 or more."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of 1 or more")
    return int(text)


def spn(text: str) -> ServicePrincipalName:
    """A service principal name; wrong usage if it is none."""
    try:
        return ServicePrincipalName.parse(text)
    except InvalidName as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def guid(text: str) -> uuid.UUID:
    """A GUID, with or without braces."""
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no GUID") from error


def seconds(text: str) -> float:
    """A time in seconds, more than none."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return value


def add_common(parser: argparse.ArgumentParser) -> None:
    """What every command has."""
    group = parser.add_argument_group("output")
    group.add_argument(
        "--json", action="store_true", help="one JSON object per line on stdout, nothing else there"
    )
    group.add_argument("-v", "--verbose", action="count", default=0, help="log to stderr; twice for more")


def add_wire(parser: argparse.ArgumentParser, *, server: bool = False) -> None:
    """How to authenticate and how to talk.

    :param server: clients speak first, so it need not choose the wire format
    """
    group = parser.add_argument_group("authentication")
    _add_framing(group, server)
    group.add_argument(
        "--mechanism", choices=("negotiate", "kerberos", "ntlm"), default="negotiate",
        help="SPNEGO over Kerberos (default), Kerberos alone, or NTLM",
    )  # fmt: skip
    group.add_argument(
        "--require", choices=("seal", "sign", "none"), default="seal",
        help="the least protection: encrypted (default), signed only, none",
    )  # fmt: skip
    group.add_argument(
        "--no-mutual", dest="mutual", action="store_false",
        help="do without the server's proof of identity; NTLM cannot give one",
    )  # fmt: skip
    group.add_argument(
        "--allow-unmarked-end", action="store_true",
        help="take an end of stream that the peer did not authenticate, as .NET leaves it, for a clean one",
    )  # fmt: skip
    group.add_argument(
        "--target-binding", choices=("off", "offered", "required"), default="offered", metavar="HOW",
        help="tie the SPN to the authentication: off, offered (default), required (the server refuses clients that do"
        " not; docs/target-binding.md)",
    )  # fmt: skip
    parser.add_argument_group("diagnosis").add_argument(
        "--dump",
        metavar="FILE",
        help="write what passes to a new file, without secrets, for asyncauth decode",
    )


def _add_framing(group: argparse._ArgumentGroup, server: bool) -> None:
    recognised = "; any: whichever of them but SASL a client begins with (docs/framing-recognition.md)"
    group.add_argument(
        "--framing", choices=("nns", "winsock", "gss-sample", "sasl", *(["any"] if server else [])), default="nns",
        help="wire format: MS-NNS, as .NET's NegotiateStream (default), the SSPI sockets sample's, that of MIT's"
        " gss-client and gss-server, or SASL's GSSAPI (with kerberos) and GSS-SPNEGO"
        f"{recognised if server else ''}",
    )  # fmt: skip


def add_decode(parser: argparse.ArgumentParser) -> None:
    """What is decoded."""
    parser.add_argument("file", nargs="?", metavar="FILE", help="a dump or a capture; - for stdin")
    parser.add_argument(
        "--token", metavar="TEXT", help="in place of it a token, in hexadecimal or base64; - for stdin"
    )
    add_common(parser)


def add_credential(parser: argparse.ArgumentParser) -> None:
    """As whom; the default credential cache if nothing is said."""
    group = parser.add_argument_group("credential")
    group.add_argument("--cache", metavar="NAME", help="credential cache, FILE:/path or a plain path")
    group.add_argument(
        "--keytab", metavar="FILE", help="keytab with the key of --principal, or of its first entry"
    )
    group.add_argument(
        "--principal", metavar="NAME", help="alice@EXAMPLE.TEST; asks for the password without --keytab"
    )
    group.add_argument(
        "--password-file", metavar="FILE", help="file whose first line is the principal's password"
    )


def add_directory(parser: argparse.ArgumentParser) -> None:
    """Which Active Directory."""
    group = parser.add_argument_group("directory")
    group.add_argument(
        "--domain",
        metavar="NAME",
        help="DNS name of the domain; else ASYNCAUTH_DOMAIN, else the default realm",
    )
    group.add_argument(
        "--dc",
        metavar="HOST[=ADDRESS]",
        help="full DNS name of a domain controller, in place of what DNS says",
    )
    group.add_argument(
        "--nameserver",
        metavar="ADDRESS[:PORT]",
        help="DNS server to ask; else ASYNCAUTH_NAMESERVER, else the system's",
    )


def framing(arguments: argparse.Namespace) -> Framing:
    """The wire format of ``--framing``."""
    from ..framings import AnyOf, GssSample, NegotiateStream, Sasl, Winsock

    if arguments.framing == "any":
        return AnyOf(NegotiateStream(), GssSample(), GssSample(1), Winsock())
    if arguments.framing == "sasl":
        return Sasl("GSSAPI" if arguments.mechanism == "kerberos" else "GSS-SPNEGO")
    framings: dict[str, type[Framing]] = {"nns": NegotiateStream, "winsock": Winsock, "gss-sample": GssSample}
    return framings[arguments.framing]()


def mechanism(name: str, source: Credential | None, *, mutual: bool = True) -> Mechanism:
    """The mechanism of ``--mechanism``, with its credential; UsageError for one that cannot serve."""
    from ..mechanisms import DefaultCredential, Kerberos, Keytab, Negotiate, Ntlm

    if name == "ntlm":
        if mutual:
            raise UsageError("NTLM cannot prove who the server is: it takes --no-mutual to use it")
        if isinstance(source, Keytab):
            raise UsageError("a keytab is for Kerberos; NTLM does not use one")
        return Ntlm(source or DefaultCredential())
    return Kerberos(source) if name == "kerberos" else Negotiate(source)


def policy(arguments: argparse.Namespace, **more: Any) -> Policy:
    """What ``--require``, ``--no-mutual`` and ``--target-binding`` require.

    :param more: further fields of the policy
    """
    return Policy(
        protection=Protection.named(arguments.require),
        mutual=arguments.mutual,
        target_binding=Binding(arguments.target_binding),
        **more,
    )


def credential(arguments: argparse.Namespace) -> Credential | None:
    """The client's credential, None for the default one. Reads the password where one is needed.

    :raises UsageError: options that exclude each other
    :raises CredentialError: the password file cannot be read, or there is no terminal to ask at
    """
    from ..mechanisms import CredentialCache, Keytab, Password

    cache, keytab, principal = arguments.cache, arguments.keytab, arguments.principal
    if sum(value is not None for value in (cache, keytab, arguments.password_file)) > 1:
        raise UsageError("--cache, --keytab and --password-file exclude each other")
    if cache is not None and principal is not None:
        raise UsageError("--principal goes with --keytab or --password-file; a cache has its own")
    if arguments.password_file is not None and principal is None:
        raise UsageError("--password-file needs --principal")
    if cache is not None:
        return CredentialCache(cache)
    if keytab is not None:
        return Keytab(keytab, principal=principal)
    if principal is not None:
        return Password(principal, _password(principal, arguments.password_file))
    return None


def _password(principal: str, path: str | None) -> str:
    if path is None:
        return _asked(principal)
    try:
        with Path(path).open(encoding="utf-8") as file:
            return file.readline().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise CredentialError(
            f"the password file {path} cannot be read: {reason}", fix="check its path and permissions"
        ) from error


def _asked(principal: str) -> str:
    """Ask at the terminal and never on stdin, which may be the data to send."""
    try:
        if sys.platform != "win32":
            Path("/dev/tty").open("rb").close()
        return getpass.getpass(f"Password for {principal}: ")
    except (OSError, EOFError) as error:
        raise CredentialError(
            f"there is no terminal to ask for the password of {principal}",
            fix="give --password-file or --keytab",
        ) from error
