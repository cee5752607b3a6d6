"""Security identifiers (MS-DTYP 2.4.2): what Windows and Active Directory call accounts and groups by. Standard
library only.

A name can be given to another account tomorrow, a SID never is: it is what access should be granted to.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from ._errors import InvalidName

__all__ = ["Sid"]

_TEXT = re.compile(r"S-1-(0x[0-9A-F]{12}|[0-9]{1,10})((?:-[0-9]{1,10}){1,15})", re.ASCII | re.IGNORECASE)
_AUTHORITY_BYTES = 6
_HEADER_BYTES = 2 + _AUTHORITY_BYTES
_MOST = 15
_NUMBER = 1 << 32
_AUTHORITIES = 1 << 48


@dataclass(frozen=True, slots=True, order=True)
class Sid:
    """A security identifier; hashable, and ordered by its numbers.

    ``str`` gives ``S-1-5-21-1004336348-1177238915-682003330-512``, ``bytes`` the binary form.

    :param authority: the identifier authority, 48 bits; 5 is Windows NT
    :param subauthorities: 1 to 15 numbers of 32 bits; the last is the relative identifier
    :raises InvalidName: the numbers make no SID
    """

    authority: int
    subauthorities: tuple[int, ...]

    def __post_init__(self) -> None:
        if not 0 <= self.authority < _AUTHORITIES:
            raise _invalid(f"{self.authority} is no identifier authority")
        if not 1 <= len(self.subauthorities) <= _MOST:
            raise _invalid(f"a SID has 1 to {_MOST} subauthorities, not {len(self.subauthorities)}")
        if min(self.subauthorities) < 0 or max(self.subauthorities) >= _NUMBER:
            raise _invalid(f"a number in {self} is too large")

    @classmethod
    def parse(cls, text: str) -> Sid:
        """Read ``S-1-5-32-544`` (MS-DTYP 2.4.2.1); the case does not matter.

        :raises InvalidName: this is no SID
        """
        found = _TEXT.fullmatch(text)
        if found is None:
            raise _invalid(f"{f'{text:.200}'!r} is no SID")
        numbers = found[2][1:].split("-")
        return cls(int(found[1], 0 if found[1][:2] in ("0x", "0X") else 10), tuple(map(int, numbers)))

    @classmethod
    def from_bytes(cls, data: bytes) -> Sid:
        """Read the binary form (MS-DTYP 2.4.2.2), as ``objectSid`` has it.

        :raises InvalidName: this is no SID, or something follows it
        """
        if len(data) < _HEADER_BYTES or data[0] != 1 or len(data) != _HEADER_BYTES + 4 * data[1]:
            raise _invalid(f"{len(data)} bytes are no binary SID")
        authority = int.from_bytes(data[2:_HEADER_BYTES], "big")
        return cls(authority, struct.unpack_from(f"<{data[1]}I", data, _HEADER_BYTES))

    @property
    def rid(self) -> int:
        """The relative identifier, the last number: 513 is Domain Users in every domain."""
        return self.subauthorities[-1]

    @property
    def domain(self) -> Sid | None:
        """The SID of the domain that issued it: all but the last number; None if there is but one."""
        rest = self.subauthorities[:-1]
        return Sid(self.authority, rest) if rest else None

    def with_rid(self, rid: int) -> Sid:
        """The account or group of that relative identifier in this domain; InvalidName if there is no room."""
        return Sid(self.authority, (*self.subauthorities, rid))

    def __bytes__(self) -> bytes:
        count = len(self.subauthorities)
        authority = self.authority.to_bytes(_AUTHORITY_BYTES, "big")
        return bytes((1, count)) + authority + struct.pack(f"<{count}I", *self.subauthorities)

    def __str__(self) -> str:
        authority = str(self.authority) if self.authority < _NUMBER else f"0x{self.authority:012X}"
        return "-".join(("S-1", authority, *map(str, self.subauthorities)))

    def __repr__(self) -> str:
        return f"<Sid {self}>"


def _invalid(message: str) -> InvalidName:
    return InvalidName(message, fix="write S-1-5-21-..., as objectSid and whoami /user show it")
