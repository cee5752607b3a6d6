"""Failures about names: of services, clients and realms."""

from __future__ import annotations

from ._codes import Errno, Gss, Krb5, Sspi, Win32
from ._model import Failure

__all__ = ["NAMES"]

NAMES = (
    Failure(
        number=1,
        slug="service-unknown",
        family="names",
        title="The KDC does not know the service",
        happened="A ticket was asked for a service principal name (SPN), and no account of the realm has that"
        " name.",
        cause="the SPN is not registered, is spelled differently (short name, other class, a port too many) or is"
        " on two accounts at once, or the KDC of the wrong realm was asked",
        fix="register this SPN on the service's account, or correct it; the name must match to the letter",
        run=(
            "asyncauth spn check SPN: who holds the name; nobody, here",
            "asyncauth spn add SPN ACCOUNT, as an administrator, on the account that the service runs under",
            (
                "kvno SPN: asks the same KDC by hand; a message that names krbtgt/OTHER means that another realm"
                " was asked than the one meant: correct [domain_realm] in krb5.conf"
            ),
        ),
        never=(
            "do not fall back to NTLM: it hides the missing name and gives up the proof of the server's identity",
            (
                "do not set rdns = true or dns_canonicalize_hostname = true: then an unsigned DNS answer chooses"
                " the name"
            ),
        ),
        codes=(
            Krb5.KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN,
            Krb5.KRB5KDC_ERR_MUST_USE_USER2USER,
            Gss.GSS_S_FAILURE,
            Sspi.SEC_E_TARGET_UNKNOWN,
            Win32.ERROR_WRONG_TARGET_NAME,
        ),
        errors=("TargetError",),
    ),
    Failure(
        number=2,
        slug="service-by-address",
        family="names",
        title="The service was named by an address or an alias",
        happened="The SPN was made from an IP address, a CNAME or the name of a load balancer. Accounts have SPNs"
        " for host names, so the KDC does not know this one.",
        cause="the SPN was put together from what is dialled, and that is an address or an alias",
        fix="dial the address, and name the service's own SPN separately",
        run=(
            "asyncauth connect ADDRESS:PORT --spn CLASS/full.host.name",
            "asyncauth spn add CLASS/alias ACCOUNT, if clients are to use the alias for good",
        ),
        never=(
            "do not let reverse DNS find the name: whoever answers for that address chooses whom you trust",
            "do not fall back to NTLM, which Windows does silently for an IP address",
        ),
        codes=(Krb5.KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN, Gss.GSS_S_FAILURE, Sspi.SEC_E_TARGET_UNKNOWN),
        errors=("TargetError",),
    ),
    Failure(
        number=6,
        slug="client-unknown",
        family="names",
        title="The KDC does not know the client",
        happened="A ticket was asked for as a principal that no account of the realm has.",
        cause="a typing error, the realm not in capitals, or a user principal name whose suffix is not the realm",
        fix="check the spelling, and the realm in capitals",
        run=(
            "kinit NAME@REALM: the same question by hand",
            "kinit -E NAME@suffix.example, for a user principal name whose suffix is not the realm",
            "klist -k FILE: which principals a keytab has; an SPN is none that can log in to Active Directory",
        ),
        never=("do not make a second account under the misspelled name",),
        codes=(
            Krb5.KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN,
            Gss.GSS_S_FAILURE,
            Sspi.SEC_E_LOGON_DENIED,
            Win32.ERROR_LOGON_FAILURE,
        ),
        errors=("CredentialError",),
    ),
    Failure(
        number=8,
        slug="realm-unknown",
        family="names",
        title="The realm is not known",
        happened="There is no realm to ask, or no KDC is known for it: neither krb5.conf nor DNS names one.",
        cause="no krb5.conf, or one that cannot be read; no SRV records for the realm, or DNS that cannot be"
        " reached; a realm that is misspelled or not in capitals",
        fix="name the realm's KDC in krb5.conf, or publish its SRV records",
        run=(
            (
                "a krb5.conf that is enough: [libdefaults] default_realm = EXAMPLE.COM and [realms] EXAMPLE.COM ="
                " { kdc = dc1.example.com }"
            ),
            "dig SRV _kerberos._udp.example.com _kerberos._tcp.example.com: what DNS says",
            "KRB5_TRACE=/dev/stderr kinit NAME: which files and records are looked at",
        ),
        never=(
            (
                "do not list a host in krb5.conf as a KDC just because it answers on port 88: it has to be one of"
                " the realm"
            ),
        ),
        codes=(
            Krb5.KRB5_REALM_UNKNOWN,
            Krb5.KRB5_REALM_CANT_RESOLVE,
            Krb5.KRB5_CONFIG_NODEFREALM,
            Krb5.KRB5_CONFIG_CANTOPEN,
            Krb5.KRB5_CONFIG_BADFORMAT,
            Errno.EACCES,
            Gss.GSS_S_FAILURE,
            Sspi.SEC_E_NO_AUTHENTICATING_AUTHORITY,
            Win32.ERROR_NO_SUCH_DOMAIN,
        ),
        errors=("MechanismError",),
    ),
    Failure(
        number=27,
        slug="no-path-between-realms",
        family="names",
        title="No path between the realms",
        happened="The service is in another realm, and on the way there a KDC did not know the next realm, or was"
        " not trusted to pass the request on.",
        cause="a trust is missing, goes the other way only, or [capaths] leaves a realm out",
        fix="look at how far the tickets went, and set up the trust or the [capaths] entry that is missing there",
        run=(
            "kvno SPN@REALM, then klist: the krbtgt/NEXT@REALM tickets show how far the referrals went",
            "nltest /domain_trusts on Windows, samba-tool domain trust list on Samba",
        ),
        never=("do not give the service a second account in the client's realm to avoid the trust",),
        codes=(
            Krb5.KRB5_REALM_UNKNOWN,
            Krb5.KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN,
            Krb5.KRB5KDC_ERR_WRONG_REALM,
            Krb5.KRB5KDC_ERR_PATH_NOT_ACCEPTED,
            Sspi.SEC_E_KDC_UNABLE_TO_REFER,
            Sspi.SEC_E_MAX_REFERRALS_EXCEEDED,
        ),
        errors=("TargetError", "MechanismError"),
        unproven="it takes two realms with a trust, and the tests have realms without one",
    ),
    Failure(
        number=28,
        slug="duplicate-spn",
        family="names",
        title="Two accounts have the same SPN",
        happened="The directory holds the SPN on more than one account, so that the KDC cannot tell whose key to"
        " use.",
        cause="the service was moved to another account and its SPN was added there without being removed here, or"
        " two installations registered the same name",
        fix="find the accounts in the directory and leave the SPN on the one that the service runs under",
        run=(
            "asyncauth spn check SPN: lists the accounts; setspn -Q SPN does on Windows",
            "asyncauth spn remove SPN ACCOUNT, on the account that is not the service's",
            (
                "a KDC may also answer that it does not know the service (Samba does), or encrypt with the wrong"
                " account's key: see 1 and 13"
            ),
        ),
        never=("do not delete an account before you know which of them the service runs under",),
        codes=(
            Krb5.KRB5KDC_ERR_PRINCIPAL_NOT_UNIQUE,
            Krb5.KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN,
            Krb5.KRB5KRB_AP_ERR_MODIFIED,
            Sspi.SEC_E_WRONG_PRINCIPAL,
            Win32.ERROR_DS_SPN_VALUE_NOT_UNIQUE_IN_FOREST,
        ),
        errors=("TargetError", "DuplicateName"),
    ),
    Failure(
        number=29,
        slug="realm-case",
        family="names",
        title="The realm is not in capitals",
        happened="The KDC answered for EXAMPLE.COM where example.com was asked. A client that is told another name"
        " than it asked for must not believe the answer.",
        cause="the principal was written with the DNS domain in place of the realm; realms are case-sensitive, and"
        " Active Directory's are in capitals",
        fix="write the realm in capitals",
        run=("kinit NAME@EXAMPLE.COM", "klist: the realm as it is written in the tickets that work"),
        never=("do not add the realm in small letters to krb5.conf: it then fails later, and less clearly",),
        codes=(Krb5.KRB5_KDCREP_MODIFIED, Krb5.KRB5_REALM_UNKNOWN),
        errors=("CredentialError", "MechanismError"),
    ),
)
