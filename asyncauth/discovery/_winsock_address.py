"""The bytes that a Winsock registration keeps: addresses, version, parameters of a service class.

Microsoft has not published how its own provider writes these attributes, so this is a layout of ours. It begins with
a magic, so that a value of Windows' is never misread: what does not begin with it, or is damaged, is kept as it is
and called opaque. The fields are those of CSADDR_INFO, WSAVERSION and WSANSCLASSINFO; little-endian, but ports and
flow labels in network order, as in the SOCKADDR structures of Windows.

An address::

     0  4  magic "AAC1"            12  4  iSocketType (1: stream)
     4  2  flags, 0                16  4  iProtocol (6: TCP)
     6  2  size of LocalAddr       20  .  LocalAddr, a SOCKADDR
     8  2  size of RemoteAddr       .  .  RemoteAddr, a SOCKADDR
    10  2  reserved, 0

SOCKADDR_IN: family 2, port, 4 bytes of address, 8 of zeros. SOCKADDR_IN6: family 23 (that of Windows; Linux has
another), port, flow label, 16 bytes of address, scope. The service listens on LocalAddr, clients connect to RemoteAddr.

A parameter of a class: magic "AAK1", namespace, type (REG_SZ 1, REG_BINARY 3, REG_DWORD 4), length and UTF-8 of the
name, length and bytes of the value.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address, ip_address

from .._errors import MalformedRecord

__all__ = [
    "ClassParameter", "Comparison", "WinsockAddress", "WinsockVersion", "pack_address", "pack_parameter",
    "pack_version", "unpack_address", "unpack_parameter", "unpack_version",
]  # fmt: skip

_MAGIC = b"AAC1"
_HEAD = struct.Struct("<4sHHHHII")
_V4 = struct.Struct("<H2s4s8x")
_V6 = struct.Struct("<H2s4s16sI")
_AF_INET, _AF_INET6 = 2, 23
_STREAM, _TCP = 1, 6
_TCP_AS_WRITTEN = frozenset({0, 2, _TCP})
"""Any; PF_INET, which Microsoft's sample writes by mistake; TCP."""
_HIGHEST_PORT = 65_535

_CLASS_MAGIC = b"AAK1"
_CLASS_HEAD = struct.Struct("<4sIIH")
_SIZE = struct.Struct("<I")
_VERSION = struct.Struct("<II")


@dataclass(frozen=True, slots=True, order=True)
class WinsockAddress:
    """Where a service can be reached over TCP.

    :param address: an IPv4 or IPv6 address as text
    :param port: 1 to 65535
    :raises MalformedRecord: it is no such address
    """

    address: str
    port: int

    def __post_init__(self) -> None:
        try:
            parsed = ip_address(self.address)
        except ValueError as error:
            raise MalformedRecord(
                f"{self.address!r} is no IP address", fix="give an IPv4 or IPv6 address"
            ) from error
        if isinstance(parsed, IPv6Address) and parsed.scope_id:
            raise MalformedRecord(
                f"{self.address} has a scope, which means nothing elsewhere", fix="leave it out"
            )
        if not 1 <= self.port <= _HIGHEST_PORT:
            raise MalformedRecord(f"port {self.port} of {self.address}", fix="give one between 1 and 65535")
        object.__setattr__(self, "address", str(parsed))

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


class Comparison(IntEnum):
    """How a version is meant (WSAECOMPARATOR)."""

    EQUAL = 0
    NOT_LESS = 1


@dataclass(frozen=True, slots=True)
class WinsockVersion:
    """WSAVERSION.

    :param number: 0 to 2**32 - 1
    """

    number: int
    comparison: Comparison = Comparison.EQUAL


@dataclass(frozen=True, slots=True)
class ClassParameter:
    """One entry of WSANSCLASSINFO.

    :param name: ``TcpPort``, ``SapId``, ...
    :param value: as the registry type has it: REG_DWORD is 4 bytes, little-endian
    :param kind: REG_SZ 1, REG_BINARY 3, REG_DWORD 4
    :param namespace: NS_NTDS is 32
    """

    name: str
    value: bytes
    kind: int = 4
    namespace: int = 32


def pack_address(address: WinsockAddress) -> bytes:
    """A stream address for TCP; the local one is the same family's any-address."""
    remote = ip_address(address.address)
    any_address = IPv4Address(0) if isinstance(remote, IPv4Address) else IPv6Address(0)
    local_bytes, remote_bytes = _sockaddr(any_address, 0), _sockaddr(remote, address.port)
    head = _HEAD.pack(_MAGIC, 0, len(local_bytes), len(remote_bytes), 0, _STREAM, _TCP)
    return head + local_bytes + remote_bytes


def unpack_address(value: bytes) -> WinsockAddress | None:
    """The remote address; None if the value is opaque: not of this layout, damaged, or not for TCP."""
    if len(value) < _HEAD.size or not value.startswith(_MAGIC):
        return None
    _, flags, local, remote, _, kind, protocol = _HEAD.unpack_from(value)
    if flags or len(value) != _HEAD.size + local + remote:
        return None
    if kind != _STREAM or protocol not in _TCP_AS_WRITTEN:
        return None
    return _parse_sockaddr(value[_HEAD.size + local :])


def _sockaddr(address: IPv4Address | IPv6Address, port: int) -> bytes:
    big_port = port.to_bytes(2, "big")
    if isinstance(address, IPv4Address):
        return _V4.pack(_AF_INET, big_port, address.packed)
    return _V6.pack(_AF_INET6, big_port, bytes(4), address.packed, 0)


def _parse_sockaddr(data: bytes) -> WinsockAddress | None:
    family = int.from_bytes(data[:2], "little")
    if family == _AF_INET and len(data) == _V4.size:
        port, packed = _V4.unpack(data)[1:3]
    elif family == _AF_INET6 and len(data) == _V6.size:
        port, _, packed, scope = _V6.unpack(data)[1:]
        if scope:
            return None
    else:
        return None
    number = int.from_bytes(port, "big")
    return WinsockAddress(str(ip_address(packed)), number) if number else None


def pack_version(version: WinsockVersion) -> bytes:
    """serviceInstanceVersion, 8 bytes."""
    return _VERSION.pack(version.number, version.comparison)


def unpack_version(value: bytes) -> WinsockVersion | None:
    """None if it is something else."""
    if len(value) != _VERSION.size:
        return None
    number, comparison = _VERSION.unpack(value)
    return WinsockVersion(number, Comparison(comparison)) if comparison in tuple(Comparison) else None


def pack_parameter(parameter: ClassParameter) -> bytes:
    """One value of serviceClassInfo."""
    name = parameter.name.encode()
    head = _CLASS_HEAD.pack(_CLASS_MAGIC, parameter.namespace, parameter.kind, len(name))
    return head + name + _SIZE.pack(len(parameter.value)) + parameter.value


def unpack_parameter(value: bytes) -> ClassParameter | None:
    """None if the value is opaque."""
    if len(value) < _CLASS_HEAD.size or not value.startswith(_CLASS_MAGIC):
        return None
    _, namespace, kind, length = _CLASS_HEAD.unpack_from(value)
    name, rest = value[_CLASS_HEAD.size :][:length], value[_CLASS_HEAD.size + length :]
    if len(name) != length or len(rest) < _SIZE.size or len(rest) - _SIZE.size != _SIZE.unpack_from(rest)[0]:
        return None
    try:
        return ClassParameter(name.decode(), rest[_SIZE.size :], kind, namespace)
    except UnicodeDecodeError:
        return None
