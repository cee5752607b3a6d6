"""The krb5.conf of a realm: everything libkrb5 would otherwise ask the machine or the DNS for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["write_krb5_conf"]

TEMPLATE = """\
# A throw-away realm. Nothing of the machine's own Kerberos set-up is used:
# caches, keytabs and the replay cache are in the realm's directory as well.
[libdefaults]
    default_realm = {realm}
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
    udp_preference_limit = 1
    forwardable = true
    default_ccache_name = FILE:{directory}/alice.ccache
    default_keytab_name = FILE:{directory}/krb5.keytab
    default_client_keytab_name = FILE:{directory}/client.keytab
    default_rcache_name = file2:{directory}/replay

[realms]
    {realm} = {{
        kdc = {address}:{port}
{more}    }}

[domain_realm]
    {domain} = {realm}
    .{domain} = {realm}
"""


def write_krb5_conf(path: Path, *, realm: str, address: str, port: int, kpasswd: int | None) -> None:
    """Write the file.

    ``localhost`` is mapped to no realm on purpose: a name without a realm goes to the realm of the client's
    ticket, which is right in any of several realms used by one process.

    :param port: of the KDC
    :param kpasswd: port of the password-changing service (RFC 3244), None if there is none
    """
    more = "" if kpasswd is None else f"        kpasswd_server = {address}:{kpasswd}\n"
    text = TEMPLATE.format(
        realm=realm, domain=realm.lower(), address=address, port=port, directory=path.parent, more=more
    )
    path.write_text(text)
