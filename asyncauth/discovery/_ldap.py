r"""ldap3, and what we need otherwise than it does it. The only file that imports it.

Three things are not left to it. The handshake and the sealing: see ``_sasl.py``. Filters: ldap3 2.10.2rc4 sends
``\2c`` as three characters instead of decoding it (RFC 4515 section 3), so that no binary value can be searched for and
no text with a special character is found; here the parsed filter is decoded before it is encoded for the wire, unless
this ldap3 does so by itself. Referrals: never followed, they would carry our request to a server of somebody
else's choice.

It is the codec and the request-response cycle that we have from it, and they are well tried.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from typing import Any

import ldap3
from ldap3.core.exceptions import LDAPCommunicationError, LDAPExceptionError
from ldap3.operation.search import compile_filter, parse_filter, search_operation
from ldap3.protocol.convert import prepare_filter_for_sending
from ldap3.protocol.microsoft import security_descriptor_control
from ldap3.protocol.rfc2696 import paged_search_control
from ldap3.protocol.sasl.sasl import send_sasl_negotiation

from .._spn import ServicePrincipalName
from .._types import Policy
from ..abc import Mechanism
from . import _results
from ._deadline import Deadline
from ._entry import Scope
from ._sasl import Wire, bind_gssapi, bind_spnego

__all__ = [
    "MECHANISMS", "Connection", "LDAPCommunicationError", "LDAPExceptionError", "encoded_filter",
    "paged_search_control", "security_descriptor_control",
]  # fmt: skip

MECHANISMS = {"kerberos": ("GSSAPI", bind_gssapi), "negotiate": ("GSS-SPNEGO", bind_spnego)}
"""The SASL mechanism and its handshake, by the name of ours."""

_IN_PROGRESS = 14
_SCOPES = {Scope.BASE: ldap3.BASE, Scope.ONE: ldap3.LEVEL, Scope.SUBTREE: ldap3.SUBTREE}
_ESCAPE = re.compile(rb"\\([0-9A-Fa-f]{2})")
_DECODES = prepare_filter_for_sending("\\41") == b"A"
"""True if this release of ldap3 decodes escapes by itself."""


class Connection(ldap3.Connection):  # type: ignore[misc]  # ldap3 has no types
    """ldap3's connection, with our handshake for its own.

    :param address: IP address
    :param server: the server's name for errors
    :param spn: the exact name it must prove
    """

    def __init__(
        self,
        address: str,
        port: int,
        server: str,
        spn: ServicePrincipalName,
        mechanism: Mechanism,
        deadline: Deadline,
    ) -> None:
        self._name, self._spn, self._mechanism, self._deadline = server, spn, mechanism, deadline
        self.socket: Any
        self.wire: Wire | None = None
        super().__init__(
            ldap3.Server(address, port, get_info=ldap3.NONE, connect_timeout=deadline.left()),
            authentication=ldap3.SASL,
            sasl_mechanism="GSSAPI",
            auto_referrals=False,
            check_names=False,
            return_empty_attributes=False,
        )

    def do_sasl_bind(self, controls: Any) -> Any:
        """In place of ldap3's own."""
        self.sasl_mechanism, handshake = MECHANISMS[self._mechanism.name]
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = self.wire = Wire(self.socket, self._deadline)
        self._deadline.doing = f"authenticating to {self._name} as {self._spn}"
        context = self._mechanism.initiate(self._spn, Policy())
        self.sasl_in_progress = True
        try:
            largest = handshake(context, lambda token: self._send_token(controls, token), self._name)
        finally:
            self.sasl_in_progress = False
        self.wire.seal(context, largest)
        return self.result

    def _send_token(self, controls: Any, token: bytes) -> tuple[bool, bytes]:
        result = send_sasl_negotiation(self, controls, token)
        if result["result"] not in (_results.SUCCESS, _IN_PROGRESS):
            raise _results.refusal(
                f"the directory server {self._name} refused our ticket for {self._spn}", result
            )
        return result["result"] == _results.SUCCESS, bytes(result.get("saslCreds") or b"")

    def find(
        self, base: str, condition: str, scope: Scope, attributes: Sequence[str], controls: list[Any]
    ) -> None:
        """One search request; ``response`` and ``result`` then have the answer."""
        request = search_operation(
            base,
            "(objectClass=*)",
            _SCOPES[scope],
            ldap3.DEREF_NEVER,
            list(attributes) or [ldap3.NO_ATTRIBUTES],
            size_limit=0,
            time_limit=0,
            types_only=False,
            auto_escape=False,
            auto_encode=True,
        )
        request["filter"] = encoded_filter(condition)
        self.post_send_search(self.send("searchRequest", request, controls))


def encoded_filter(condition: str) -> Any:
    """An RFC 4515 filter as the ASN.1 of the wire, its escapes decoded."""
    parsed = parse_filter(condition, None, False, True, None, False).elements[0]
    if not _DECODES:
        _decode(parsed)
    return compile_filter(parsed)


def _decode(node: Any) -> None:
    for part, value in (node.assertion or {}).items():
        if part in {"value", "initial", "final"}:
            node.assertion[part] = _decoded(value)
        elif part == "any":
            node.assertion[part] = [_decoded(one) for one in value]
    for element in node.elements:
        _decode(element)


def _decoded(value: bytes) -> bytes:
    return _ESCAPE.sub(lambda found: bytes.fromhex(found[1].decode()), value)
