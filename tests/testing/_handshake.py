"""Raw GSSAPI against a realm: a client and a server in one process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gssapi.raw as gss
import krb5
from gssapi import NameType

KERBEROS = gss.OID.from_int_seq("1.2.840.113554.1.2.2")
MUTUAL = gss.RequirementFlag.mutual_authentication
THREE_PARTS = "ADSockAuth/app1.example.test/CN=SockAuthAD,CN=APP1,CN=Computers,DC=example,DC=test"


def handshake(spn: str, cache: str, keytab: Path, realm: str = "") -> tuple[Any, Any]:
    """The two finished contexts: the client's, the server's."""
    client = gss.acquire_cred_from({b"ccache": cache.encode()}, usage="initiate").creds
    server = gss.acquire_cred_from({b"keytab": str(keytab).encode()}, usage="accept").creds
    # The @ with nothing after it is MIT's "whichever realm the client's ticket is of".
    name = gss.import_name(f"{spn}@{realm}".encode(), NameType.kerberos_principal)
    first = gss.init_sec_context(name, client, None, KERBEROS, MUTUAL)
    assert first.token
    second = gss.accept_sec_context(first.token, server)
    last = gss.init_sec_context(name, client, first.context, KERBEROS, MUTUAL, None, None, second.token)
    assert not last.more_steps
    return last.context, second.context


def peer(server: Any) -> str:
    """Who the server says the client is."""
    who = gss.inquire_context(server).initiator_name
    assert who is not None
    return gss.display_name(who).name.decode()


def tickets(cache: str) -> dict[str, tuple[int, bytes, int]]:
    """By service: the session key's encryption type, the ticket's bytes, its seconds of life."""
    context = krb5.init_context()
    found = {}
    for credential in krb5.cc_resolve(context, cache.encode()):
        server = krb5.unparse_name_flags(context, credential.server).decode()
        if "X-CACHECONF" not in server:
            life = credential.times.endtime - credential.times.starttime
            found[server] = (credential.keyblock.enctype, credential.ticket, life)
    return found
