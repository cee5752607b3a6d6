"""What a client's name says beside the name (RFC 6680).

MIT Kerberos hangs the buffers of the ticket's PAC on the name that ``gss_accept_sec_context`` gives: as authenticated
if the checksum made with the service's key is right and the PAC was made for this client and this login. A ticket
whose PAC fails that is accepted all the same, as one without. So a PAC that is not authenticated is none here.

Reading costs about 3 microseconds for each buffer and 30 for taking them apart, where a whole handshake of both sides
costs 110 (10 where there is none): a quarter of what a server can do, for what most never ask. That is why it is put
off until somebody does. The name is kept until then, and may be asked from any thread.
"""

from __future__ import annotations

from functools import partial

from gssapi import raw

from .._claims import Claims, LazyClaims
from .._errors import MechanismError
from ._pac import Damaged, parse_claims

__all__ = ["claims_of"]

_LOGON_INFO = b"urn:mspac:logon-info"
_UPN_DNS_INFO = b"urn:mspac:upn-dns-info"


def claims_of(name: raw.Name, principal: str) -> LazyClaims:
    """The claims that hang on a client's name.

    :param principal: its text, for errors
    """
    return LazyClaims(partial(_read, name, principal))


def _read(name: raw.Name, principal: str) -> Claims | None:
    logon_info = _attribute(name, _LOGON_INFO, principal)
    if logon_info is None:
        return None
    try:
        return parse_claims(logon_info, _attribute(name, _UPN_DNS_INFO, principal))
    except Damaged as error:
        raise _unreadable(principal, str(error)) from error


def _attribute(name: raw.Name, attribute: bytes, principal: str) -> bytes | None:
    """The value, None if there is none or if it is not authenticated."""
    try:
        found = raw.get_name_attribute(name, attribute)
    except (AttributeError, raw.OperationUnavailableError):  # the former: a library without RFC 6680
        return None
    except raw.GSSError as error:
        raise _unreadable(principal, str(error)) from error
    values: list[bytes] = found.values
    return values[0] if found.authenticated and len(values) == 1 else None


def _unreadable(principal: str, why: str) -> MechanismError:
    return MechanismError(
        f"the PAC in the ticket of {principal} cannot be read: {why}",
        fix="find out who else has this service's key: a domain controller does not make such a PAC",
    )
