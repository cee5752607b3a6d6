"""The one comparison of what was reached with what is required.

It stands between the last token and the first application byte, and it fails closed. The mutual flag by
itself proves nothing: Negotiate sets it for NTLM too when the local policy is content with that
(InitializeSecurityContext, Negotiate), so the mechanism must be one that can prove the server's identity. A GSSAPI
acceptor lets in a client that sent no channel bindings at all, so it is the flag that counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._errors import AuthorizationError, ProtectionError, TargetError
from .._types import Binding, Role

if TYPE_CHECKING:
    from .._types import Policy
    from ..abc import ContextInfo

__all__ = ["check_policy", "not_authorized"]


def check_policy(
    reached: ContextInfo, policy: Policy, role: Role, peer: object, *, channel: bool = False
) -> None:
    """Raise a ProtectionError or TargetError unless ``reached`` is at least what ``policy`` requires.

    :param peer: what to call the other side in the error, by its ``str``: the SPN asked for, or the client
    :param channel: there is a secure channel below, and it has a name
    """
    _check_mechanism(reached, policy, role, peer)
    if reached.protection < policy.protection:
        raise ProtectionError(
            f"the connection with {peer} reached protection {reached.protection.name}"
            f" where {policy.protection.name} is required",
            fix="raise the protection that the other end asks for, or lower the requirement here by name",
            code="less-than-required",
        )
    if policy.channel_binding is Binding.REQUIRED and not channel:
        raise ProtectionError(
            f"the connection with {peer} does not run inside TLS, and channel binding is required",
            fix="authenticate inside the TLS connection, or lower channel_binding here by name",
            code="less-than-required",
        )
    if role is Role.SERVER:
        _check_bindings(reached, policy, peer)
        _check_target(reached, policy, peer)


def _check_mechanism(reached: ContextInfo, policy: Policy, role: Role, peer: object) -> None:
    if policy.mutual and not (reached.mutual and reached.mechanism == "kerberos"):
        raise _not_mutual(reached, role, peer)
    if policy.mechanisms is not None and reached.mechanism not in policy.mechanisms:
        raise ProtectionError(
            f"{peer} authenticated with {reached.mechanism}, and only"
            f" {' and '.join(sorted(policy.mechanisms)) or 'nothing'} is allowed here",
            fix="let the other end use an allowed mechanism, or allow this one by name",
            code="less-than-required",
        )


def _check_bindings(reached: ContextInfo, policy: Policy, peer: object) -> None:
    if policy.channel_binding is Binding.REQUIRED and not reached.bound.channel:
        raise ProtectionError(
            f"{peer} did not bind its authentication to the TLS connection, and channel binding is required",
            fix="let the client send channel bindings (tls-server-end-point); TLS must not end at a proxy",
            code="no-bindings",
        )
    if policy.target_binding is Binding.REQUIRED and not reached.bound.target:
        raise TargetError(
            f"{peer} did not prove which SPN it asked for, and target binding is required"
            f" (its ticket says {reached.claimed or 'nothing'})",
            fix="let the client send target binding, inside TLS by requiring it there too; or give the service an"
            " account of its own",
            code="no-bindings",
        )


def _check_target(reached: ContextInfo, policy: Policy, peer: object) -> None:
    if policy.targets and reached.claimed not in policy.targets:
        raise TargetError(
            f"{peer} asked for {reached.claimed or 'an SPN that its token does not name'}, and this server is"
            f" {', '.join(map(str, policy.targets))}",
            fix="see what the client was told to connect to; add the SPN here if it is this service's",
            code="ticket-for-another-service",
        )


def not_authorized(peer: str, reason: object) -> AuthorizationError:
    """The error for a client that is who it says, and is not wanted."""
    return AuthorizationError(
        f"{peer} is authenticated and was not let in{f' ({reason})' if reason else ''}",
        fix="add it to who is allowed here, if it should be",
    )


def _not_mutual(reached: ContextInfo, role: Role, peer: object) -> ProtectionError:
    if reached.mechanism != "kerberos":
        return ProtectionError(
            f"{peer} authenticated with {reached.mechanism}, which cannot prove a server's identity",
            fix="find out why there was no Kerberos ticket: SPN not registered, no KDC in reach, or an address"
            " in place of a host name",
            code="ntlm",
        )
    if role is Role.CLIENT:
        return ProtectionError(
            f"the server did not prove that it is {peer}",
            fix="do not use this server before it is known who answers on that port",
            code="impostor",
        )
    return ProtectionError(
        f"{peer} did not ask this server to prove its identity",
        fix="let the client request mutual authentication",
        code="less-than-required",
    )
