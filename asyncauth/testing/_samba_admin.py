"""The administrator of a Samba realm: a script run by the system's own Python, never imported.

Samba's Python modules belong to the distribution's interpreter, and loading them costs a good part of a
second, so one child process loads them once and then takes orders: one JSON object per line on stdin,
``{"do": name, "number": n, ...}``, each answered by one line on stdout, ``{"number": n, "ok": value}`` or
``{"number": n, "error": text, "kind": class}``.

It works on the domain's database file directly, as ``samba-tool -H`` does, so it needs no password, no
network and no running domain controller, and its writes are seen by the controller at once. It ends when
stdin does.

It imports nothing of asyncauth: that package is not installed for this interpreter.
"""

# Samba's modules have no types and are not there for the interpreter that checks them.
# mypy: disable-error-code="import-not-found, import-untyped, no-untyped-call, no-any-return"

from __future__ import annotations

import json
import logging
import os
import sys
from typing import Any

AES_ONLY = 0x18
"""msDS-SupportedEncryptionTypes: AES-128 and AES-256, so that no RC4 ticket is issued ([MS-KILE] 2.2.7)."""
WORKSTATION = 0x1000
"""userAccountControl of a machine account: UF_WORKSTATION_TRUST_ACCOUNT ([MS-ADTS] 2.2.16)."""
TTL = 60
"""Seconds that DNS records may be kept by those who ask."""


class Administrator:
    """Orders on one domain; each public method is an order, its keyword arguments the order's members."""

    def __init__(self, configuration: str) -> None:
        self._configuration = configuration
        self._parameters: Any = None
        self._database: Any = None

    def provision(
        self, *, directory: str, realm: str, address: str, password: str, options: dict[str, str]
    ) -> str:
        """Make the domain; return its base DN."""
        import samba
        from samba.auth import system_session
        from samba.dsdb import DS_DOMAIN_FUNCTION_2008_R2
        from samba.param import LoadParm
        from samba.provision import provision

        samba.set_debug_level(0)
        self._parameters = LoadParm()
        self._parameters.load(self._configuration)
        for name, value in options.items():
            self._parameters.set(name, value)
        result = provision(
            logging.getLogger("provision"),
            system_session(),
            targetdir=directory,
            realm=realm,
            domain=realm.partition(".")[0][:15],
            hostname="dc1",
            hostip=address,
            adminpass=password,
            serverrole="active directory domain controller",
            dns_backend="SAMBA_INTERNAL",
            dom_for_fun_level=DS_DOMAIN_FUNCTION_2008_R2,
            lp=self._parameters,
            batch_mode=True,
        )
        self._parameters = result.lp
        self._open()
        self._name_controller()
        return str(self._database.domain_dn())

    def _open(self) -> None:
        """Open the finished domain afresh: what provisioning returns still has its checks off."""
        from samba.auth import system_session
        from samba.samdb import SamDB

        self._database = SamDB(session_info=system_session(), lp=self._parameters)

    def _name_controller(self) -> None:
        """Register the controller's own SPNs ([MS-DRSR] 2.2.4.3): a full Samba runs a script at start."""
        domain = self._domain()
        host = f"dc1.{domain}"
        names = [f"ldap/{host}", f"ldap/{host}/{domain}", f"GC/{host}/{domain}"]
        for spn in (*names, "ldap/DC1", f"RestrictedKrbHost/{host}", "RestrictedKrbHost/DC1"):
            self.change_spn(account="DC1$", spn=spn, remove=False)

    def add_user(self, *, name: str, password: str, spns: list[str]) -> str:
        """Make a user account in CN=Users with AES keys and these SPNs; return its DN."""
        dn = f"CN={name},CN=Users,{self._database.domain_dn()}"
        more = {"userPrincipalName": f"{name}@{self._domain()}"}
        self._add(dn, password, {"objectClass": "user", "sAMAccountName": name, **more}, spns)
        return dn

    def add_computer(self, *, name: str, password: str, spns: list[str], host: str) -> str:
        """Make a machine account in CN=Computers; return its DN."""
        dn = f"CN={name},CN=Computers,{self._database.domain_dn()}"
        more = {"dNSHostName": host, "userAccountControl": str(WORKSTATION)}
        self._add(dn, password, {"objectClass": "computer", "sAMAccountName": f"{name}$", **more}, spns)
        return dn

    def _add(self, dn: str, password: str, attributes: dict[str, str], spns: list[str]) -> None:
        """One account in one transaction: half an account is worse than none."""
        account = attributes["sAMAccountName"]
        entry: dict[str, Any] = {"dn": dn, "msDS-SupportedEncryptionTypes": str(AES_ONLY), **attributes}
        if spns:
            entry["servicePrincipalName"] = spns
        self._database.transaction_start()
        try:
            self._database.add(entry)
            self.set_password(account=account, password=password)
            self._database.enable_account(f"(sAMAccountName={_escaped(account)})")
        except BaseException:
            self._database.transaction_cancel()
            raise
        self._database.transaction_commit()

    def set_password(self, *, account: str, password: str) -> None:
        """Set an account's password; its keys change with it."""
        self._database.setpassword(f"(sAMAccountName={_escaped(account)})", password, username=account)

    def change_spn(self, *, account: str, spn: str, remove: bool) -> None:
        """Add an SPN to an account, or take it away."""
        import ldb

        message = ldb.Message(self._account(account))
        flag = ldb.FLAG_MOD_DELETE if remove else ldb.FLAG_MOD_ADD
        message["spn"] = ldb.MessageElement(spn, flag, "servicePrincipalName")
        self._database.modify(message)

    def keytab(self, *, path: str, principals: list[str]) -> None:
        """Write the present keys of these principals of the domain to a keytab file."""
        from samba import enable_net_export_keytab

        enable_net_export_keytab()
        from samba.net import Net

        net = Net(None, self._parameters)
        for principal in principals:
            net.export_keytab(keytab=path, principal=principal)

    def add_host(self, *, name: str, address: str) -> None:
        """Add an A or AAAA record."""
        from samba.dcerpc import dnsp

        kind = dnsp.DNS_TYPE_AAAA if ":" in address else dnsp.DNS_TYPE_A
        self._add_record(name, kind, address)

    def add_srv(self, *, owner: str, target: str, port: int, priority: int, weight: int) -> None:
        """Add an SRV record."""
        from samba.dcerpc import dnsp

        data = dnsp.srv()
        data.wPriority, data.wWeight, data.wPort, data.nameTarget = priority, weight, port, target
        self._add_record(owner, dnsp.DNS_TYPE_SRV, data)

    def _add_record(self, name: str, kind: int, data: Any) -> None:
        """One more record on a name of the domain's zone; one that is there already may be added again."""
        import ldb
        from samba.dcerpc import dnsp
        from samba.ndr import ndr_pack

        record = dnsp.DnssrvRpcRecord()
        record.wType, record.rank, record.dwTtlSeconds, record.data = kind, dnsp.DNS_RANK_ZONE, TTL, data
        node = ldb.Message(self._node(name))
        node["dnsRecord"] = ldb.MessageElement(ndr_pack(record), ldb.FLAG_MOD_ADD, "dnsRecord")
        try:
            self._database.modify(node)
        except ldb.LdbError as error:
            if error.args[0] == ldb.ERR_NO_SUCH_OBJECT:
                node["objectClass"] = ldb.MessageElement("dnsNode", ldb.FLAG_MOD_ADD, "objectClass")
                self._database.add(node)
            elif error.args[0] != ldb.ERR_ATTRIBUTE_OR_VALUE_EXISTS:
                raise

    def _node(self, name: str) -> Any:
        """The entry of a DNS name in the domain's zone ([MS-DNSP] 2.3.1)."""
        import ldb

        label, dot, zone = name.rstrip(".").lower().partition(f".{self._domain()}")
        if not dot or zone or label.endswith("_msdcs"):
            raise LookupError(f"{name} is not in the zone {self._domain()}")
        base = self._database.domain_dn()
        node = ldb.Dn(self._database, f"DC=x,DC={self._domain()},CN=MicrosoftDNS,DC=DomainDnsZones,{base}")
        node.set_component(0, "DC", label)
        return node

    def _account(self, account: str) -> Any:
        found = self._database.search(
            self._database.domain_dn(), expression=f"(sAMAccountName={_escaped(account)})", attrs=["dn"]
        )
        if not found:
            raise LookupError(f"the domain has no account {account}")
        return found[0].dn

    def _domain(self) -> str:
        return str(self._database.domain_dns_name())


def _escaped(text: str) -> str:
    """Text as a value in an LDAP filter (RFC 4515)."""
    return "".join(c if c.isalnum() else "".join(f"\\{b:02x}" for b in c.encode()) for c in text)


def _answer(administrator: Administrator, line: str) -> dict[str, Any]:
    order = json.loads(line)
    name, number = order.pop("do"), order.pop("number")
    try:
        return {"number": number, "ok": getattr(administrator, name)(**order)}
    except Exception as error:  # noqa: BLE001 - whatever Samba raises is the caller's to judge
        # An LdbError's arguments are (number, text); other errors speak for themselves.
        text = str(error.args[-1]) if error.args else repr(error)
        return {"number": number, "error": text.strip(), "kind": type(error).__name__}


def main() -> None:
    """Take orders until stdin ends."""
    administrator = Administrator(sys.argv[1])
    # What Samba prints goes to stderr, so that stdout holds answers only.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        answers.write(json.dumps(_answer(administrator, line)) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
