"""The one comparison of what was reached with what is required.

It stands between the last token and the first application byte, and it fails closed. The mutual flag by
itself proves nothing: Negotiate sets it for NTLM too when the local policy is content with that
(InitializeSecurityContext, Negotiate), so the mechanism must be one that can prove the server's identity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._errors import ProtectionError
from .._types import Role

if TYPE_CHECKING:
    from .._types import Policy
    from ..abc import ContextInfo

__all__ = ["check_policy"]


def check_policy(reached: ContextInfo, policy: Policy, role: Role, peer: str) -> None:
    """Raise ProtectionError unless ``reached`` is at least what ``policy`` requires.

    :param peer: how to call the other side in the error: the SPN asked for, or the client's name
    """
    if policy.mutual and not (reached.mutual and reached.mechanism == "kerberos"):
        raise _not_mutual(reached, role, peer)
    if reached.protection < policy.protection:
        raise ProtectionError(
            f"the connection with {peer} reached protection {reached.protection.name}"
            f" where {policy.protection.name} is required",
            fix="raise the protection that the other end asks for, or lower the requirement here by name",
        )


def _not_mutual(reached: ContextInfo, role: Role, peer: str) -> ProtectionError:
    if reached.mechanism != "kerberos":
        return ProtectionError(
            f"{peer} authenticated with {reached.mechanism}, which cannot prove a server's identity",
            fix="find out why there was no Kerberos ticket: SPN not registered, no KDC in reach, or an address"
            " in place of a host name",
        )
    if role is Role.CLIENT:
        return ProtectionError(
            f"the server did not prove that it is {peer}",
            fix="do not use this server before it is known who answers on that port",
        )
    return ProtectionError(
        f"{peer} did not ask this server to prove its identity",
        fix="let the client request mutual authentication",
    )
