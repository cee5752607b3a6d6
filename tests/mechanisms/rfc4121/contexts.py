"""Complete contexts between MIT and MIT, of any of the four enctypes, with and without an acceptor's subkey."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from gssapi import NameType, raw

from asyncauth.mechanisms._gss._bulk import Bulk, bulk_for
from asyncauth.mechanisms._gss._messages import GssMessages
from asyncauth.testing import MitRealm

__all__ = ["CAMELLIA", "ENCTYPES", "Ends", "clones", "ends", "handshake", "messages", "renumbered"]

ENCTYPES = {
    17: "aes128-cts-hmac-sha1-96",
    18: "aes256-cts-hmac-sha1-96",
    19: "aes128-cts-hmac-sha256-128",
    20: "aes256-cts-hmac-sha384-192",
}
CAMELLIA = 25
_MUTUAL, _REPLAY, _SEQUENCE, _SEAL, _SIGN = 0x02, 0x04, 0x08, 0x10, 0x20
_FLAGS = _REPLAY | _SEQUENCE | _SEAL | _SIGN
_KRB5 = raw.OID.from_int_seq("1.2.840.113554.1.2.2")
_KEY = raw.OID.from_int_seq("1.2.840.113554.1.2.2.5.5")


@dataclass
class Ends:
    """Both ends of a context, each with its bulk path."""

    client: Any
    server: Any

    def __post_init__(self) -> None:
        self.bulk_client = self._bulk(self.client, True)
        self.bulk_server = self._bulk(self.server, False)

    def turned(self) -> Ends:
        """The server as the one who sends."""
        turned = object.__new__(Ends)
        turned.client, turned.server = self.server, self.client
        turned.bulk_client, turned.bulk_server = self.bulk_server, self.bulk_client
        return turned

    @property
    def key(self) -> bytes:
        """The key that both have."""
        key: bytes = raw.inquire_sec_context_by_oid(self.client, _KEY)[0]
        return key

    @property
    def enctype(self) -> int:
        """Of that key."""
        return raw.inquire_sec_context_by_oid(self.client, _KEY)[1][-1]

    @staticmethod
    def _bulk(context: raw.SecurityContext, initiates: bool) -> Bulk:
        bulk = bulk_for(context, initiates)
        assert bulk is not None
        return bulk


@cache
def _service(realm: MitRealm, enctype: int, name: str) -> tuple[str, str]:
    """A service whose session keys are of that enctype: its SPN and keytab."""
    spn = f"Enctype{enctype}/localhost"
    service = realm.add_service(f"enctype{enctype}", spn)
    realm._kadmin("setstr", spn, "session_enctypes", name)
    return spn, str(service.keytab)


@cache
def _ticket(realm: MitRealm) -> str:
    return realm.ticket("alice")


def handshake(realm: MitRealm, enctype: int, *, subkey: bool = True, flags: int = _FLAGS) -> tuple[Any, Any]:
    """The client's context and the server's.

    :param subkey: True makes it mutual; an acceptor that does not answer asserts no subkey
    """
    spn, keytab = _service(realm, enctype, ENCTYPES.get(enctype, "camellia128-cts-cmac"))
    credentials = raw.acquire_cred_from({b"ccache": _ticket(realm).encode()}, usage="initiate").creds
    raw.krb5_set_allowable_enctypes(credentials, [enctype])
    server = raw.acquire_cred_from({b"keytab": keytab.encode()}, usage="accept").creds
    name = raw.import_name(f"{spn}@".encode(), NameType.kerberos_principal)
    wanted = flags | (_MUTUAL if subkey else 0)
    first = raw.init_sec_context(name, credentials, None, _KRB5, wanted)
    second = raw.accept_sec_context(first.token or b"", server)
    if subkey:
        first = raw.init_sec_context(
            name, credentials, first.context, _KRB5, wanted, None, None, second.token
        )
    return first.context, second.context


def ends(realm: MitRealm, enctype: int = 18, *, subkey: bool = True, flags: int = _FLAGS) -> Ends:
    """Two fresh ends."""
    return Ends(*handshake(realm, enctype, subkey=subkey, flags=flags))


def clones(context: raw.SecurityContext, initiates: bool, count: int = 2) -> list[GssMessages]:
    """Contexts in exactly the same state; the one given is used up. Every other one sends all on the bulk path, the
    others nothing."""
    exported = raw.export_sec_context(context)
    return [messages(raw.import_sec_context(exported), initiates, bulk=bool(n % 2)) for n in range(count)]


def messages(context: raw.SecurityContext, initiates: bool, *, bulk: bool = True) -> GssMessages:
    """What asyncauth has of a context, with the bulk path for messages of any size, or without."""
    made = _Client("the peer", bulk) if initiates else _Server("the peer", bulk)
    made._context = context
    if bulk:
        made._bulk_from = 0
        made._bulk = bulk_for(context, initiates)
    return made


def renumbered(context: raw.SecurityContext, old: int, new: int) -> Any:
    """The same context with another number in place of one; that is how the end of the numbers is reached."""
    exported = raw.export_sec_context(context)
    for order in ("big", "little"):
        exported = exported.replace(old.to_bytes(8, order), new.to_bytes(8, order))
    return raw.import_sec_context(exported)


class _Client(GssMessages):
    __slots__ = ()
    initiates = True


class _Server(GssMessages):
    __slots__ = ()
    initiates = False
