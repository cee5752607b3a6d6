"""Failures between us and the KDC, and of the clocks."""

from __future__ import annotations

from ._codes import Gss, Krb5, Sspi, Win32
from ._model import Failure

__all__ = ["NETWORK"]

NETWORK = (
    Failure(
        number=9,
        slug="kdc-unreachable",
        family="network",
        title="No KDC answers",
        happened="The KDCs of the realm are known, and none of them answered.",
        cause="port 88 is blocked, or the first KDC of the list is down: one that refuses costs a millisecond, one"
        " that is silent costs about half a minute",
        fix="check the network, port 88 over UDP and TCP, and the kdc lines in krb5.conf",
        run=(
            "nc -vz KDC 88, and nc -vzu KDC 88, from this machine",
            "KRB5_TRACE=/dev/stderr kinit NAME: which KDC is asked, and how long each is waited for",
            "take KDCs that are no more out of krb5.conf and out of DNS",
        ),
        never=(
            "do not raise our timeout to half a minute and more: repair or remove the silent KDC",
            "do not fall back to NTLM while no KDC answers: that is what an attacker would wait for",
        ),
        codes=(
            Krb5.KRB5_KDC_UNREACH,
            Krb5.KRB5_REALM_CANT_RESOLVE,
            Gss.GSS_S_FAILURE,
            Sspi.SEC_E_NO_AUTHENTICATING_AUTHORITY,
            Win32.ERROR_NO_LOGON_SERVERS,
        ),
        errors=("MechanismError", "HandshakeTimeout"),
    ),
    Failure(
        number=15,
        slug="clock-skew",
        family="network",
        title="The clocks differ too much",
        happened="A request carries the time, and that is more than five minutes away from the clock of whoever"
        " read it.",
        cause="a virtual machine that was suspended, a machine without time synchronisation, or a wrong time set by"
        " hand; time zones do not matter",
        fix="synchronise the clocks; Kerberos allows five minutes",
        run=(
            "chronyc tracking or timedatectl, on both ends; w32tm /query /status on Windows",
            "w32tm /stripchart /computer:DC, or ntpdate -q DC: how far it is from the domain controller's clock",
        ),
        never=("do not raise clockskew in krb5.conf: it is what replays are recognised by",),
        codes=(
            Krb5.KRB5KRB_AP_ERR_SKEW,
            Krb5.KRB5_KDCREP_SKEW,
            Gss.GSS_S_FAILURE,
            Sspi.SEC_E_TIME_SKEW,
            Win32.ERROR_TIME_SKEW,
        ),
        errors=("MechanismError",),
    ),
    Failure(
        number=26,
        slug="answer-too-big",
        family="network",
        title="The answer is too big for UDP",
        happened="The KDC's answer does not fit into a datagram. The library then asks again over TCP; this error"
        " is seen only where that fails.",
        cause="the account is in many groups, and TCP port 88 is blocked",
        fix="open TCP port 88, or set udp_preference_limit = 1 in krb5.conf",
        run=("nc -vz KDC 88: is TCP open?", "KRB5_TRACE=/dev/stderr kinit NAME: does it ask again over TCP?"),
        never=(
            "do not turn off the PAC on the account to make the answer small: services then see no groups",
        ),
        codes=(Krb5.KRB5KRB_ERR_RESPONSE_TOO_BIG,),
        errors=("MechanismError",),
        unproven="MIT's library asks again over TCP by itself; when TCP is closed it reports that no KDC answers",
    ),
    Failure(
        number=30,
        slug="downgrade-detected",
        family="network",
        title="Windows detected a downgrade",
        happened="Windows could not reach a domain controller and would have had to use a weaker mechanism, which"
        " its policy forbids.",
        cause="no domain controller is in reach (a VPN that is down, usually) while NTLM is restricted",
        fix="see that a domain controller can be reached from this machine",
        run=(
            "nltest /dsgetdc:DOMAIN, on that machine",
            "klist purge, and log in again, once the network is there",
        ),
        never=("do not allow NTLM again to make the message go away",),
        codes=(Sspi.SEC_E_DOWNGRADE_DETECTED,),
        errors=("MechanismError",),
        unproven="only Windows reports it, and the tests have none",
    ),
)
