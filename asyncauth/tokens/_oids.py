"""Names of mechanisms."""

from __future__ import annotations

from ._der import MalformedToken

__all__ = ["KERBEROS", "NTLM", "SPNEGO", "mechanism_name", "mechanism_text"]

SPNEGO = bytes.fromhex("2b0601050502")
NTLM = bytes.fromhex("2b06010401823702020a")
KERBEROS = (bytes.fromhex("2a864886f712010202"), bytes.fromhex("2a864882f712010202"))
"""1.2.840.113554.1.2.2, and 1.2.840.48018.1.2.2, which Windows sends because NT once cut a number to 16 bits."""

_USER_TO_USER = bytes.fromhex("2a864886f71201020203")
_NAMES = {
    SPNEGO: ("spnego", "SPNEGO "),
    KERBEROS[0]: ("kerberos", "Kerberos "),
    KERBEROS[1]: ("kerberos", "Kerberos as Microsoft once wrote it, "),
    _USER_TO_USER: ("kerberos-user-to-user", "Kerberos user to user "),
    NTLM: ("ntlm", "NTLM "),
    bytes.fromhex("2b06010401823702021e"): ("negoex", "NEGOEX "),
    bytes.fromhex("2b0601050205"): ("iakerb", "IAKERB "),
}


def mechanism_name(oid: bytes) -> str:
    """``spnego``, ``kerberos``, ``ntlm``, ..., or the numbers of one that has no name here."""
    return _NAMES[oid][0] if oid in _NAMES else _dotted(oid)


def mechanism_text(oid: bytes) -> str:
    """The same for people, with the numbers."""
    return f"{_NAMES[oid][1] if oid in _NAMES else 'mechanism '}{_dotted(oid)}"


def _dotted(oid: bytes) -> str:
    """X.690 8.19."""
    numbers, value = [], 0
    for octet in oid:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            numbers.append(value)
            value = 0
    if not numbers or value:
        raise MalformedToken("the token names its mechanism in a way that cannot be read")
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))
