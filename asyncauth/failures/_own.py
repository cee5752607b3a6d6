"""asyncauth's own classes of errors, explained as the codes are."""

from __future__ import annotations

from ._model import Kind

__all__ = ["KINDS"]

KINDS = (
    Kind(
        name="AsyncAuthError",
        means="Anything that asyncauth raises on purpose; one of the other classes, usually.",
        cause=None,
        fix="explain the code in brackets, or the class that was raised",
    ),
    Kind(
        name="ProtocolError",
        means="The rules of the framing were broken, by us or by the peer.",
        cause=None,
        fix="see LocalProtocolError and RemoteProtocolError",
    ),
    Kind(
        name="LocalProtocolError",
        means="The program called something that the connection's state does not allow.",
        cause="a bug in the calling program: data after the end, a second handshake, two readers at once",
        fix="correct the order of the calls",
    ),
    Kind(
        name="RemoteProtocolError",
        means="The peer sent what the framing does not allow.",
        cause="the port belongs to another program, or the two ends use different framings",
        fix="check the port, and that both ends use the same framing",
    ),
    Kind(
        name="FrameTooLarge",
        means="The peer announced a frame, or sent a handshake, longer than the limit; it was refused unread.",
        cause="the peer speaks something else, whose first bytes look like a length, or it means to cost memory",
        fix="check the port and the framing; a security token is never longer than 64 KiB",
    ),
    Kind(
        name="TruncatedStream",
        means="The stream ended, and nothing authenticated says that the peer meant it to.",
        cause="the peer was killed or dropped the connection, something cut it in between, or the peer does not"
        " mark its end, as .NET does not",
        fix="treat what was received as incomplete; look into the other end's log",
    ),
    Kind(
        name="AuthenticationError",
        means="The handshake failed; no application byte passed in either direction.",
        cause=None,
        fix="explain the code in brackets, or the class that was raised",
    ),
    Kind(
        name="MechanismError",
        means="The security mechanism, Kerberos as a rule, refused.",
        cause=None,
        fix="explain the code in brackets",
    ),
    Kind(
        name="CredentialError",
        means="Our own credentials do not serve.",
        cause="there is no ticket, it has expired, the password is wrong, or a keytab or cache cannot be read",
        fix="see what klist says, as the user that the program runs as",
    ),
    Kind(
        name="TargetError",
        means="The service is not what was asked for.",
        cause="the SPN is unknown or on the wrong account, the keytab does not fit, the client asked for another"
        " service, or somebody else answers",
        fix="asyncauth spn check SPN; then compare the keytab with the KDC's key",
    ),
    Kind(
        name="PeerRejected",
        means="The peer refused the handshake and said so. It does not say why: that would help an attacker.",
        cause="whatever the peer found: its log has the reason",
        fix="look into the other end's log",
    ),
    Kind(
        name="ProtectionError",
        means="The handshake succeeded, and reached less than was required.",
        cause="the two ends are configured differently, NTLM was used in place of Kerberos, or something stands"
        " between the two ends",
        fix="compare what both ends require and offer",
    ),
    Kind(
        name="AuthorizationError",
        means="The client has proved who it is, and is not among those who are allowed here. It is told only that"
        " it was refused.",
        cause="its name, realm or groups are not on the list; a list of groups needs the nested ones too, and a new"
        " membership counts from the next ticket on",
        fix="compare the name in the error, letter by letter, with what is allowed",
    ),
    Kind(
        name="HandshakeTimeout",
        means="Getting the credentials, connecting and the handshake took longer than allowed, all together.",
        cause="a KDC or the peer is silent: a firewall that drops packets, a KDC that is no more, a peer that"
        " waits for something else",
        fix="find out which of them is silent: kinit and kvno ask the KDC only",
    ),
    Kind(
        name="ConnectError",
        means="No TCP connection could be made. Nothing was authenticated.",
        cause="the service does not run there, the name has the wrong address, or a firewall refuses",
        fix="see whether the service runs, and whether it listens on that address",
    ),
    Kind(
        name="IntegrityError",
        means="A protected message was altered, lost, repeated, reordered, or less protected than agreed.",
        cause="a write that was cancelled or two tasks that write, a proxy that changes data, or an attack",
        fix="drop this connection; if it happens again, look for what stands between the two ends",
    ),
    Kind(
        name="DiscoveryError",
        means="The service could not be located or published.",
        cause=None,
        fix="see the class that was raised",
    ),
    Kind(
        name="ServiceNotFound",
        means="Nothing in the directory answers the query.",
        cause="the service is not published, under another keyword or class, or in another domain",
        fix="ask for it with asyncauth locate; publish it with asyncauth publish",
    ),
    Kind(
        name="MalformedRecord",
        means="An entry of the directory cannot be a service: it has no host, or a port that is no number.",
        cause="it was written by hand or by another program, or somebody tampers with it",
        fix="let the service publish itself anew; look at who may write the entry",
    ),
    Kind(
        name="DuplicateName",
        means="The SPN belongs to another account of the forest; with two holders it would work for neither.",
        cause="the service was moved to another account, or two installations use one name",
        fix="asyncauth spn check SPN; leave it on the account that the service runs under",
    ),
    Kind(
        name="DirectoryError",
        means="LDAP or DNS: not reachable, refused, or not allowed.",
        cause="no domain controller is in reach, the name server is the wrong one, or the account may not do that",
        fix="name a controller with --dc, or a name server with --nameserver; look at the account's rights",
    ),
    Kind(
        name="MechanismUnavailable",
        means="An optional package, or something of the system, is missing.",
        cause="the extra was not installed: Kerberos needs the packages gssapi and krb5",
        fix="install what the error names",
    ),
    Kind(
        name="InvalidName",
        means="The text is no service principal name.",
        cause="it has no slash, too many of them, or a port that is no number",
        fix="write class/host, class/host:port or class/host/name; asyncauth spn parse takes one apart",
    ),
)
