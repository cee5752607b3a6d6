"""What security tokens say in clear: nothing is decrypted, no key is needed and no library asked.

For diagnostics, for logs, and for servers that choose by the service that a client asks for. Nothing read here is
authenticated. Anything that is not a token is a :exc:`MalformedToken`, a :exc:`~asyncauth.RemoteProtocolError`.
"""

from __future__ import annotations

from ._der import MalformedToken
from ._describe import Described, describe, read_token
from ._meanings import code_text, enctype_name, krb_error_text
from ._parts import Part, readable
from ._service import Service, requested_service
from ._types import (
    ApRep,
    ApReq,
    Encrypted,
    Initial,
    KrbError,
    Mic,
    NegTokenInit,
    NegTokenResp,
    NtlmMessage,
    Opaque,
    Token,
    Wrap,
)  # fmt: skip

__all__ = [
    "ApRep", "ApReq", "Described", "Encrypted", "Initial", "KrbError", "MalformedToken", "Mic", "NegTokenInit",
    "NegTokenResp", "NtlmMessage", "Opaque", "Part", "Service", "Token", "Wrap", "code_text", "describe",
    "enctype_name", "krb_error_text", "read_token", "readable", "requested_service",
]  # fmt: skip
