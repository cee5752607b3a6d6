"""Failures of what the handshake proved or agreed on: mutual, bindings, mechanism, protection."""

from __future__ import annotations

from ._codes import Gss, Krb5, Sspi, Win32
from ._model import Failure

__all__ = ["PROTECTION"]

PROTECTION = (
    Failure(
        number=17,
        slug="bindings-differ",
        family="protection",
        title="The channel bindings differ",
        happened="Each end names the channel that it authenticates in, and the two do not name the same one.",
        cause="something between the two ends TLS (a proxy, a load balancer, an inspecting firewall), one end"
        " binds to another certificate than the other sees, or the two mean different services",
        fix="look for what ends TLS between the two; give channel_binding and target_binding the same"
        " value at both ends",
        run=(
            (
                "openssl s_client -connect HOST:PORT </dev/null | openssl x509 -fingerprint -sha256 -noout, from"
                " the client and on the server: the same certificate?"
            ),
            "end TLS at the service itself, or give the proxy's certificate to both",
        ),
        never=("do not turn the bindings off: that admits the very relay that they have just found",),
        codes=(Gss.GSS_S_BAD_BINDINGS, Sspi.SEC_E_BAD_BINDINGS),
        errors=("MechanismError",),
    ),
    Failure(
        number=18,
        slug="no-bindings",
        family="protection",
        title="The client sent no channel binding",
        happened="The handshake succeeded, and the client has not bound it to the channel: the flag 0x800 is not"
        " set. MIT admits such a client silently.",
        cause="the client is older than channel binding, or was told to do without; or somebody relays its"
        " handshake",
        fix="let the client send a channel binding, or do not require it here by name",
        run=(
            "look at the client's version and settings: Python, .NET and MIT's programs send none unless told to",
            "require it in the server's policy only when all clients can do it",
        ),
        never=(
            "do not offer bindings on the server and take that for protection: only to require them protects",
        ),
        codes=(),
        errors=("ProtectionError",),
    ),
    Failure(
        number=19,
        slug="ntlm",
        family="protection",
        title="NTLM was used in place of Kerberos",
        happened="The other end sent NTLM. It cannot prove who the server is, so it is not taken.",
        cause="the client had no Kerberos ticket for this service (unknown SPN, an IP address as name, no KDC in"
        " reach, no domain account) and fell back to NTLM silently, as Windows, .NET and many libraries do",
        fix="find out why the client had no Kerberos ticket: SPN not registered, no KDC in reach, or an address in"
        " place of a host name",
        run=(
            "klist get SPN on Windows, kvno SPN elsewhere, on the client: why there is no ticket; then see 1 to 4",
            "asyncauth spn check SPN",
        ),
        never=(
            (
                "do not allow NTLM on the server to let this client in: it can be relayed, and proves nothing of the"
                " server"
            ),
        ),
        codes=(Gss.GSS_S_BAD_MECH,),
        errors=("MechanismError", "ProtectionError"),
    ),
    Failure(
        number=20,
        slug="impostor",
        family="protection",
        title="The server did not prove its identity",
        happened="Whoever answered does not hold the key of the service that was asked for, or did not prove that"
        " it does.",
        cause="the server runs under another account or has an outdated keytab; something between the two answers"
        " in its place; or it is an impostor",
        fix="do not use this server: it runs under another account, has an outdated keytab, or is an impostor",
        run=(
            "find out what answers on that address and port, and under which account",
            "on the server: its own log says which key or name did not fit; then see 11 to 13",
        ),
        never=(
            "do not give up mutual authentication to get on",
            "do not send this server anything, a password least of all",
        ),
        codes=(
            Krb5.KRB5KRB_AP_ERR_BAD_INTEGRITY,
            Krb5.KRB5_MUTUAL_FAILED,
            Krb5.KRB5KRB_AP_ERR_MUT_FAIL,
            Krb5.KRB5KRB_AP_ERR_MODIFIED,
            Krb5.KRB5KRB_AP_ERR_NOT_US,
            Krb5.KRB5KRB_AP_ERR_NOKEY,
            Krb5.KRB5KRB_AP_ERR_BADKEYVER,
            Gss.GSS_S_FAILURE,
            Sspi.SEC_E_MUTUAL_AUTH_FAILED,
            Sspi.SEC_E_WRONG_PRINCIPAL,
        ),
        errors=("TargetError", "ProtectionError"),
    ),
    Failure(
        number=33,
        slug="less-than-required",
        family="protection",
        title="The two ends require different things",
        happened="Both authenticated, and one of them requires more than was agreed: encryption, signatures, mutual"
        " authentication, or another service name.",
        cause="the two ends are configured differently; .NET's NegotiateStream reports it as 1790",
        fix="compare what both ends require: protection, mutual authentication, SPN",
        run=(
            "the log of the end that refused says what was missing",
            "asyncauth serve and connect: --require seal, sign or none, the same at both ends",
            ".NET: ProtectionLevel.EncryptAndSign and TokenImpersonationLevel.Identification",
        ),
        never=("do not lower the requirement before you know why the other end offers less",),
        codes=(Win32.ERROR_TRUST_FAILURE,),
        errors=("ProtectionError", "PeerRejected"),
    ),
)
