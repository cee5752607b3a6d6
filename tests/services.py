"""Services in the realm that several tests use, made once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from asyncauth import Target
from asyncauth.testing import Realm, Service

THREE_PARTS = "ADSockAuth/app1.example.test/CN=SockAuthAD,CN=APP1,CN=Computers,DC=example,DC=test"
TWO_PARTS = "ADSockAuth/localhost"
OTHERS = "Other/localhost"


@dataclass(frozen=True)
class House:
    """A realm with a service under two SPNs, and another service on an account of its own."""

    realm: Realm
    service: Service
    other: Service
    cache: str
    """A credential cache with alice's ticket."""

    def target(self, port: int, spn: str = THREE_PARTS, host: str = "127.0.0.1") -> Target:
        return Target(host, port, spn)


@cache
def house_of(realm: Realm) -> House:
    return House(
        realm=realm,
        service=realm.add_service("sockauth", THREE_PARTS, TWO_PARTS),
        other=realm.add_service("othersvc", OTHERS),
        cache=realm.ticket("alice"),
    )
