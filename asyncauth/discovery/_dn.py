r"""Distinguished names and filters as text: RFC 4514 and RFC 4515, and how Active Directory names domains.

``CN=a\,b,OU=x,DC=example,DC=test``. In a filter everything but letters, digits and a few harmless signs is
escaped, blanks included: some parsers strip them.
"""

from __future__ import annotations

import re
import uuid

__all__ = [
    "domain_dn", "domain_of", "escape_filter", "escape_rdn", "guid_base", "in_domain", "parent_of", "rdn_value",
    "same_dn", "same_host", "split_dn", "well_known_base",
]  # fmt: skip

_HARMLESS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:{}@$")
_SPECIAL = re.compile(r'[\\,+"<>;=]')
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")
_ESCAPED = re.compile(rb"\\([0-9A-Fa-f]{2}|.)", re.DOTALL)
_RDN = re.compile(r"(?:\\.|[^\\,])+", re.DOTALL)
_LAST_BLANKS = re.compile(r"(?<!\\) +\Z")
_HEX_DIGITS = 2


def escape_filter(value: str | bytes) -> str:
    """A value for a filter, whatever is in it (RFC 4515 section 3)."""
    octets = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
    return "".join(chr(octet) if octet in _HARMLESS else f"\\{octet:02x}" for octet in octets)


def escape_rdn(value: str) -> str:
    """The value of a relative distinguished name, whatever is in it (RFC 4514 section 2.4)."""
    text = _SPECIAL.sub(r"\\\g<0>", value)
    text = _UNPRINTABLE.sub(lambda found: f"\\{ord(found[0]):02X}", text)
    if text.startswith((" ", "#")):
        text = "\\" + text
    if text.endswith(" ") and len(value) > 1:
        text = text[:-1] + "\\ "
    return text


def split_dn(dn: str) -> list[str]:
    """The relative names of a DN from the object up, still escaped."""
    return _RDN.findall(dn)


def rdn_value(rdn: str) -> str:
    r"""The value of a relative name, unescaped: ``a,b`` of ``CN=a\,b``."""
    return _unescaped(_LAST_BLANKS.sub("", rdn.partition("=")[2].lstrip(" ")))


def parent_of(dn: str) -> str:
    """The DN of the object above."""
    first = _RDN.match(dn)
    return dn[first.end() + 1 :] if first else ""


def domain_of(dn: str) -> str | None:
    """DNS name of the domain that a DN lies in, from its ``DC=`` parts; None if it has none."""
    labels: list[str] = []
    for rdn in reversed(split_dn(dn.strip("<>"))):
        kind, _, value = rdn.partition("=")
        if kind.strip().upper() != "DC":
            break
        labels.insert(0, _unescaped(value.strip()))
    return ".".join(labels) or None


def domain_dn(domain: str) -> str:
    """The DN of a domain: ``DC=example,DC=test`` of ``example.test``."""
    return ",".join(f"DC={escape_rdn(label)}" for label in domain.strip(".").split("."))


def same_dn(one: str, other: str) -> bool:
    """True if two DNs name the same object, whatever their case, blanks and way of escaping."""
    return _normal(one) == _normal(other)


def guid_base(guid: uuid.UUID) -> str:
    """A base that names an object by its objectGUID."""
    return f"<GUID={guid}>"


def well_known_base(well_known: str, dn: str) -> str:
    """A base that names a container by its well-known GUID, 32 hexadecimal digits, under a domain."""
    return f"<WKGUID={well_known},{dn}>"


def same_host(one: str, other: str) -> bool:
    """True if two host names are the same but for case and a last dot."""
    return one.rstrip(".").casefold() == other.rstrip(".").casefold()


def in_domain(host: str, domain: str) -> bool:
    """True if a host is called like the domain or lies under it."""
    name, suffix = host.rstrip(".").casefold(), domain.strip(".").casefold()
    return name == suffix or name.endswith("." + suffix)


def _unescaped(text: str) -> str:
    def plain(found: re.Match[bytes]) -> bytes:
        escape = found[1]
        return bytes.fromhex(escape.decode()) if len(escape) == _HEX_DIGITS else escape

    return _ESCAPED.sub(plain, text.encode("utf-8", "surrogatepass")).decode(errors="replace")


def _normal(dn: str) -> list[tuple[str, str]]:
    return [(rdn.partition("=")[0].strip().casefold(), rdn_value(rdn).casefold()) for rdn in split_dn(dn)]
