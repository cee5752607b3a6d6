"""What it is that a peer sent in the place of a Kerberos token, as far as its first bytes tell.

Only looked at after the security library has refused it, for the error's text; nothing is decided by it.
"""

from __future__ import annotations

from typing import NamedTuple

from ...failures import Gss

__all__ = ["Shape", "shape_of"]

_NTLMSSP = b"NTLMSSP\0"  # [MS-NLMP] 2.2.1
_NTLM_OID = bytes.fromhex("060a2b06010401823702020a")
_KERBEROS_OIDS = (bytes.fromhex("06092a864886f712010202"), bytes.fromhex("06092a864882f712010202"))
"""The second is Microsoft's, with a mistake in it that stayed ([MS-SPNG] 3.1.5.2)."""
_SPNEGO_STARTS = (b"\x60", b"\xa1")  # NegTokenInit inside a GSSAPI token, NegTokenResp (RFC 4178 4.2)
_HTTP = (b"GET ", b"HEAD", b"POST", b"PUT ", b"OPTI", b"CONN", b"HTTP/")
_TLS = tuple(bytes((kind, 3, minor)) for kind in (0x16, 0x15) for minor in range(5))
_NOT_A_TOKEN, _NTLM_USED = 21, 19
_WRONG_PORT = "one of the two has the wrong port"


class Shape(NamedTuple):
    """What was recognised.

    :param what: for people
    :param failure: its number in the catalogue
    :param fix: what to do; the catalogue's, if empty
    :param code: to search for, whatever the library has said of it
    """

    what: str
    failure: int
    fix: str = ""
    code: Gss = Gss.GSS_S_DEFECTIVE_TOKEN


def shape_of(token: bytes | None) -> Shape | None:
    """What a refused token is; None if it can be seen no better than the security library said."""
    if not token:
        return None
    if _is_ntlm(token):
        return Shape("NTLM", _NTLM_USED, code=Gss.GSS_S_BAD_MECH)
    if token.startswith(_HTTP):
        return Shape("HTTP", _NOT_A_TOKEN, _WRONG_PORT)
    if token.startswith(_TLS):
        return Shape("TLS", _NOT_A_TOKEN, "connect without TLS, or put TLS beneath at both ends")
    if token.startswith(b"SSH-"):
        return Shape("SSH", _NOT_A_TOKEN, _WRONG_PORT)
    return None


def _is_ntlm(token: bytes) -> bool:
    """NTLM by itself, or a negotiation that has nothing else to offer."""
    if token.startswith(_NTLMSSP):
        return True
    negotiates = token.startswith(_SPNEGO_STARTS) and _NTLM_OID in token
    return negotiates and not any(oid in token for oid in _KERBEROS_OIDS)
