r"""Service principal names, and what ntdsapi's DsMakeSpn, DsCrackSpn and DsGetSpn do with them.

``class/host[:port or instance][/service name]``, ``ADSockAuth/app1.example.test:2001/CN=SockAuthAD,DC=test``

The name decides whose key the ticket is made for, so nothing is guessed or repaired. Case is kept, and
ignored in comparisons; distinguished names are compared as text, as the KDC does it: a blank after a comma
makes another name. What Windows takes and no client could use is refused, and the error says what to do.

Sources: MS-ADTS 2.2.21, the Windows reference pages of those functions (whose error codes are the ``code``
of the errors here), MIT krb5's krb5_parse_name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

from ._errors import InvalidName

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CrackedName", "ServicePrincipalName", "SpnKind", "compose", "host_spns"]

_PARTS = "service_class", "host", "instance", "service_name"
_MAX_BYTES = 65_535  # of UTF-16; the limit of Windows' SecMakeSPN
# C0 and C1 controls, line separators, characters that turn the direction of text, lone surrogates
_UNSEEN = r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
_BAD_PARAMETER = "ERROR_INVALID_PARAMETER"

# the parts it is for, what they may not hold, what is said, what to do
_RULES = (
    (_PARTS, r"\A\s*\Z", "is blank", "fill it in, or leave out the '/' or ':' in front of it"),
    (_PARTS, _UNSEEN, "holds a control character", "remove the character"),
    (_PARTS, r"\A\s|\s\Z", "begins or ends with a blank", "remove the blank"),
    (_PARTS[:3], "/", "holds '/'", "leave it out; '/' separates the parts and has no escape"),
    (_PARTS[3:], "/", "holds '/', which has no escape", "name a directory object by its objectGUID"),
    (_PARTS[1:3], r"[\[\]:]", "holds ':' or an IPv6 address", "use the host's DNS name"),
    (_PARTS[1:2], "[=,]", "is a distinguished name", "put the host's DNS name there (make: instance_name)"),
    (_PARTS[:3], "@", "holds '@'", "leave out '@' and the realm; the KDC finds the realm"),
    (_PARTS[3:], r"\A[^=@]*@[^=]*\Z", "holds '@' but is no distinguished name", "leave out the realm"),
    (_PARTS[2:3], r"\A[0-9]+\Z", "is a number", "give a port of 1 to 65535 without leading zeros"),
)


class CrackedName(NamedTuple):
    """What DsCrackSpn gives: without a service name the instance name is repeated; port 0 is none."""

    service_class: str
    service_name: str
    instance_name: str
    port: int


@dataclass(frozen=True, slots=True, eq=False)
class ServicePrincipalName:
    """The name of one service on one host, as registered on its account and asked for at the KDC.

    Equality and hash ignore case. Raises :exc:`~asyncauth.InvalidName`, a ValueError: a part is blank or
    holds what it may not hold, or the text is longer than 65,535 bytes of UTF-16.

    :param service_class: any string unique to the service, ``http`` or a GUID
    :param host: DNS name of the host; a NetBIOS name, an IPv4 address or a GUID are possible
    :param port: TCP port, 1 to 65535
    :param instance: the text after ``:`` when it is not all digits (SQL Server); excludes ``port``
    :param service_name: distinguished name or objectGUID of a directory object, or a DNS name
    """

    service_class: str
    host: str
    port: int | None = None
    instance: str | None = None
    service_name: str | None = None
    _text: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_text", "/".join(self.components))
        if len(str(self).encode("utf-16-le", "surrogatepass")) > _MAX_BYTES:
            raise _invalid(f"{_shown(self)} is longer than {_MAX_BYTES} bytes of UTF-16", "shorten it")
        for parts, forbidden, complaint, fix in _RULES:
            for part in parts:
                value: str | None = getattr(self, part)
                if value is not None and re.search(forbidden, value):
                    raise _invalid(f"the {part} of {_shown(self)} {complaint}", fix)
        if self.port is not None and not 1 <= self.port <= 65_535:  # noqa: PLR2004
            raise _invalid(f"the port of {_shown(self)} is out of range", "give 1 to 65535")
        if self.port is not None and self.instance is not None:
            raise _invalid(f"{_shown(self)} has both a port and an instance", "give one of them")

    @classmethod
    def parse(cls, text: str) -> ServicePrincipalName:
        """Read ``class/host[:port or instance][/service name]``, or GSSAPI's ``service@host``.

        ``str`` gives the text back exactly (``service@host`` as ``service/host``). Raises InvalidName.
        """
        service_class, *rest = (text if "/" in text else text.replace("@", "/", 1)).split("/", 2)
        if not rest:
            raise _invalid(f"{_shown(text)} has no host", "write class/host or class/host/service name")
        host, colon, suffix = rest[0].partition(":")
        service_name = rest[1] if rest[1:] else None
        if re.fullmatch("[1-9][0-9]{0,4}", suffix):
            return cls(service_class, host, int(suffix), service_name=service_name)
        return cls(service_class, host, instance=suffix if colon else None, service_name=service_name)

    @classmethod
    def make(
        cls,
        service_class: str,
        service_name: str,
        instance_name: str | None = None,
        port: int = 0,
        referrer: str | None = None,
    ) -> ServicePrincipalName:
        """The name a client composes, by the rules of DsMakeSpn; InvalidName if no client could use it.

        :param service_name: the host, or with ``instance_name`` what follows it
        :param instance_name: the host's name, when ``service_name`` is not a host
        :param port: TCP port; 0 is none
        :param referrer: service name to use when ``service_name`` is an IP address; else ignored
        """
        if not service_class or not service_name:
            raise _invalid(f"{service_class!r} and {service_name!r} make no SPN", "give both", _BAD_PARAMETER)
        host, rest = (service_name, None) if instance_name is None else (instance_name, service_name)
        if referrer is not None and _is_address(service_name):
            rest = referrer
        return cls(service_class, host, port or None, service_name=rest)

    def cracked(self) -> CrackedName:
        """The values DsCrackSpn gives; an instance, where it takes a port only, is an InvalidName."""
        if self.instance is not None:
            raise _invalid(f"{_shown(self)} has an instance for a port", "use the fields", _BAD_PARAMETER)
        service_name = self.host if self.service_name is None else self.service_name
        return CrackedName(self.service_class, service_name, self.host, self.port or 0)

    @property
    def components(self) -> tuple[str, ...]:
        """The two or three components of the Kerberos principal; port or instance are in the second."""
        suffix = self.instance if self.port is None else self.port
        pair = (self.service_class, self.host if suffix is None else f"{self.host}:{suffix}")
        return pair if self.service_name is None else (*pair, self.service_name)

    def principal(self, realm: str | None = None) -> str:
        r"""The name as MIT Kerberos reads principals: ``\``, ``/`` and ``@`` in components are escaped.

        Import it as the name type *kerberos_principal*; host-based names have no third part.

        :param realm: the service's realm. None ends the text with an empty realm, MIT's referral realm:
            the KDC of the client's own realm is asked, whatever default_realm and domain_realm say, and
            may refer the client to another; no host name is looked up in DNS. Only if that KDC does not
            know the name does MIT ask it for the realm that the host's domain suggests. (A text without
            ``@`` would get the default_realm of krb5.conf.) InvalidName if it cannot be a realm.
        """
        realm = realm or ""
        if realm != realm.strip() or re.search(f"{_UNSEEN}|@", realm):
            raise _invalid(f"{_shown(realm)} is no realm", "give a name such as EXAMPLE.TEST, or None")
        return "@".join(("/".join(map(_escaped, self.components)), _escaped(realm)))

    def __str__(self) -> str:
        return self._text

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ServicePrincipalName):
            return NotImplemented
        return str(self).casefold() == str(other).casefold()

    def __hash__(self) -> int:
        return hash(str(self).casefold())


class SpnKind(Enum):
    """DS_SPN_NAME_TYPE: the form that :func:`compose` gives a name."""

    DNS_HOST, DN_HOST, NB_HOST, DOMAIN, NB_DOMAIN, SERVICE = range(6)


def compose(
    kind: SpnKind,
    service_class: str,
    service_name: str | None = None,
    port: int = 0,
    instances: Sequence[str] = (),
    ports: Sequence[int] | None = None,
    *,
    dns_host: str | None = None,
    netbios_host: str | None = None,
) -> list[ServicePrincipalName]:
    """The names that a service registers, by the rules of DsGetSpn; whether they are free is not checked.

    Without ``instances`` one name, for this host and ``port``; else one for each, with the port of the same
    place in ``ports`` (0 or no list: none), and ``port`` is not used. Nothing is looked up in DNS.

    :param service_name: domain, or canonical DN or DNS name of the service; None for the kinds of host
    :param dns_host: full DNS name of this host; default: the machine's own name if that has a dot
    :param netbios_host: default: the first label of the DNS name, 15 characters, in capitals
    :raises InvalidName: service name missing or one too many, ports do not match, host name not known
    """
    for_host = kind in {SpnKind.DNS_HOST, SpnKind.DN_HOST, SpnKind.NB_HOST}
    if for_host and service_name is not None:
        raise _invalid(f"{kind} has no place for {_shown(service_name)}", "leave it out", _BAD_PARAMETER)
    if not for_host and not service_name:
        code = _BAD_PARAMETER if service_name is None else "ERROR_DS_BAD_NAME_SYNTAX"
        raise _invalid(f"{kind} of {service_class!r} has no service name", "give a DN or DNS name", code)
    if not instances:
        instances, ports = [_local_host(kind, dns_host, netbios_host)], [port]
    ports = [0] * len(instances) if ports is None else ports
    if len(ports) != len(instances):
        lengths = f"{len(instances)} instances but {len(ports)} ports"
        raise _invalid(f"{service_class!r} has {lengths}", "give as many ports, 0 for none", _BAD_PARAMETER)
    places = zip(instances, (at or None for at in ports), strict=True)
    return [ServicePrincipalName(service_class, *place, service_name=service_name) for place in places]


def host_spns(service_class: str, dns_host: str, netbios_host: str) -> list[ServicePrincipalName]:
    """The two names that DsServerRegisterSpn builds; one, if the hosts differ in case only."""
    return list(dict.fromkeys(ServicePrincipalName(service_class, host) for host in (dns_host, netbios_host)))


def _local_host(kind: SpnKind, dns_host: str | None, netbios_host: str | None) -> str:
    import socket  # here, because this module lies beneath the engine, which knows no sockets

    netbios = kind in {SpnKind.NB_HOST, SpnKind.NB_DOMAIN}
    if given := netbios_host if netbios else dns_host:
        return given
    name = dns_host or socket.gethostname()
    if _is_address(name) or not (netbios or "." in name):
        fix = "pass netbios_host" if netbios else "pass dns_host"
        raise _invalid(f"this host's name {name!r} is no full DNS name", fix)
    return name.partition(".")[0][:15].upper() if netbios else name


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _escaped(text: str) -> str:
    return re.sub(r"([\\/@])", r"\\\1", text)


def _shown(name: object) -> str:
    return repr(f"{name!s:.200}")  # as much as an error needs


def _invalid(message: str, fix: str, code: str | None = None) -> InvalidName:
    return InvalidName(message, fix=fix, code=code)
