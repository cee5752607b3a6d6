"""Numbers in words: what errors are called, as ``asyncauth explain`` knows them too, and encryption types.

The names of encryption types are those of IANA's registry of Kerberos parameters.
"""

from __future__ import annotations

from functools import cache

from ..failures import Krb5, Sspi, Win32

__all__ = ["code_text", "enctype_name", "krb_error_text"]

_ENCTYPES = {
    1: "des-cbc-crc", 3: "des-cbc-md5", 16: "des3-cbc-sha1", 17: "aes128-cts-hmac-sha1-96",
    18: "aes256-cts-hmac-sha1-96", 19: "aes128-cts-hmac-sha256-128", 20: "aes256-cts-hmac-sha384-192",
    23: "rc4-hmac", 24: "rc4-hmac-exp", 25: "camellia128-cts-cmac", 26: "camellia256-cts-cmac",
}  # fmt: skip
_LOWEST_HRESULT = 0x1_0000


def enctype_name(number: int) -> str:
    """``aes256-cts-hmac-sha1-96``, or ``(unknown)``."""
    return _ENCTYPES.get(number, "(unknown)")


def krb_error_text(code: int) -> str:
    """An error-code of RFC 4120 7.5.9 with its name and the library's text."""
    return f"error {code}{_of_protocol().get(code, '')}"


def code_text(code: int) -> str:
    """The same for a Win32 error or an HRESULT."""
    number = f"0x{code:08X}" if code >= _LOWEST_HRESULT else str(code)
    return f"{number}{_of_windows().get(code, '')}"


@cache
def _of_protocol() -> dict[int, str]:
    return {code.protocol: f" {code.name}: {code.says}" for code in Krb5 if code.protocol is not None}


@cache
def _of_windows() -> dict[int, str]:
    return {code.number: f" {code.name}: {code.says}" for code in (*Sspi, *Win32)}
