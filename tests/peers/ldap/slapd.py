"""OpenLDAP's slapd and its client programs, with a configuration and a keytab of the tests' own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio

from asyncauth import MechanismUnavailable
from asyncauth.testing import Realm, Service

__all__ = ["BASE", "Programs", "Ran"]

BASE = "dc=example,dc=test"
SECONDS = 20

_CONF = """\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
sasl-host localhost
sasl-secprops {secprops}
authz-policy to
authz-regexp uid=([^,]*),cn=[^,]*,cn=auth cn=$1,{base}
sizelimit unlimited
{more}
sockbuf_max_incoming_auth 67108864
database mdb
suffix {base}
directory {directory}
maxsize 1073741824
access to * by users write by * auth
"""

_LDIF = """\
dn: {base}
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: cn=alice,{base}
objectClass: inetOrgPerson
sn: Alice
authzTo: dn.exact:cn=bob,{base}

dn: cn=bob,{base}
objectClass: inetOrgPerson
sn: Bob
"""


@dataclass(frozen=True)
class Ran:
    """A program that has ended."""

    code: int
    out: str
    err: str


class Programs:
    """slapd with the key of the service ``ldap/localhost`` in a realm, and OpenLDAP's clients as alice.

    :raises MechanismUnavailable: they are not installed
    """

    def __init__(self, realm: Realm, service: Service) -> None:
        places = f"{os.environ['PATH']}:/usr/sbin"
        found = {
            name: shutil.which(name, path=places) for name in ("slapd", "slapadd", "ldapwhoami", "ldapsearch")
        }
        plugin = [*Path("/usr/lib").glob("*/sasl2/libgssapiv2.so")]
        if None in found.values() or not plugin:
            raise MechanismUnavailable(
                "slapd, ldapwhoami or cyrus-sasl's GSSAPI is missing",
                fix="install Debian's packages slapd, ldap-utils and libsasl2-modules-gssapi-mit",
            )
        self._paths = {name: str(path) for name, path in found.items()}
        self.realm = realm
        self.service = service
        self.cache = realm.ticket("alice")
        self._env = {
            "PATH": os.environ["PATH"],
            "LC_ALL": "C",
            **realm.env,
            "KRB5CCNAME": self.cache,
            "KRB5_KTNAME": f"FILE:{service.keytab}",
            "LDAPNOINIT": "1",
        }

    @asynccontextmanager
    async def slapd(self, secprops: str = "none", more: str = "") -> AsyncIterator[int]:
        """A server with alice and bob, of whom alice may act as bob; its port.

        :param more: a line for its configuration
        """
        with TemporaryDirectory() as name, socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
            probe.close()
            conf = self._prepared(Path(name), secprops, more)
            line = [self._paths["slapd"], "-f", conf, "-h", f"ldap://127.0.0.1:{port}", "-d", "none"]
            process = await anyio.open_process(
                line, env=self._env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            try:
                await _listening(port)
                yield port
            finally:
                with anyio.CancelScope(shield=True):
                    process.terminate()
                    await process.aclose()

    async def run(
        self,
        name: str,
        mechanism: str,
        port: int,
        *options: str,
        properties: Mapping[str, object] | None = None,
    ) -> Ran:
        """A client program against a server.

        :param properties: of cyrus-sasl: ``minssf``, ``maxssf``, ``maxbufsize``
        """
        secprops = ",".join(f"{key}={value}" for key, value in (properties or {}).items()) or "none"
        line = [
            self._paths[name], "-H", f"ldap://localhost:{port}", "-Y", mechanism, "-N", "-O", secprops, *options
        ]  # fmt: skip
        with anyio.fail_after(SECONDS):
            done = await anyio.run_process(line, check=False, env=self._env)
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    def _prepared(self, directory: Path, secprops: str, more: str) -> str:
        database = directory / "database"
        database.mkdir()
        conf = directory / "slapd.conf"
        conf.write_text(_CONF.format(secprops=secprops, more=more, base=BASE, directory=database))
        line = [self._paths["slapadd"], "-f", str(conf)]
        subprocess.run(line, input=_LDIF.format(base=BASE).encode(), env=self._env, check=True)
        return str(conf)


async def _listening(port: int) -> None:
    with anyio.fail_after(SECONDS):
        while True:
            try:
                stream = await anyio.connect_tcp("127.0.0.1", port)
            except OSError:
                await anyio.sleep(0.01)
            else:
                await stream.aclose()
                return
