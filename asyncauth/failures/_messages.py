"""Failures of tokens and messages on the wire."""

from __future__ import annotations

from ._codes import Gss, Krb5, Sspi
from ._model import Failure

__all__ = ["MESSAGES"]

MESSAGES = (
    Failure(
        number=16,
        slug="replay",
        family="messages",
        title="The request is a replay",
        happened="The server has seen this very request before, from the same client at the same microsecond.",
        cause="a load balancer or a client that sends a request twice, a client process that was forked in the"
        " middle of a handshake, or somebody who replays what was recorded",
        fix="if this repeats, find out who sends it; leave the replay cache on",
        run=(
            (
                "compare address and time of the two requests in the server's log: the same address within a"
                " second is a retry, another address is an attack"
            ),
            "look for retries of whole requests in what stands between the two ends",
        ),
        never=("do not turn off the replay cache (KRB5RCACHETYPE=none): it costs next to nothing",),
        codes=(Krb5.KRB5KRB_AP_ERR_REPEAT, Gss.GSS_S_FAILURE, Gss.GSS_S_DUPLICATE_TOKEN),
        errors=("MechanismError",),
    ),
    Failure(
        number=21,
        slug="not-a-token",
        family="messages",
        title="What came is not a security token",
        happened="In the place of a token there was something else, or a token that was cut short, or one of a"
        " mechanism that is not allowed here.",
        cause="the port belongs to another program, the two ends use different framings or mechanisms, one of them"
        " speaks TLS or HTTP, or something in between cut a long token",
        fix="check that both ends use the same framing and mechanism",
        run=(
            "look at the first bytes: 60 is a GSSAPI token, 4e544c4d is NTLM, 16 03 is TLS, GET or HTTP is HTTP",
            "asyncauth connect HOST:PORT --framing nns, winsock or gss-sample: which one answers?",
            "tokens with many groups have 12 kB and more: raise the limit on header or token in proxies",
        ),
        never=("do not raise our own limit of 64 KiB for a token: no real one is longer",),
        codes=(
            Gss.GSS_S_DEFECTIVE_TOKEN,
            Gss.GSS_S_NO_CRED,
            Gss.GSS_S_BAD_MECH,
            Gss.GSS_S_FAILURE,
            Sspi.SEC_E_INVALID_TOKEN,
            Sspi.SEC_E_SECPKG_NOT_FOUND,
            Sspi.SEC_E_UNSUPPORTED_FUNCTION,
        ),
        errors=("MechanismError", "RemoteProtocolError", "FrameTooLarge", "IntegrityError"),
    ),
    Failure(
        number=22,
        slug="message-altered",
        family="messages",
        title="A message was altered",
        happened="The signature of a message does not fit what came.",
        cause="it was changed on the way, by a fault or on purpose; or it was made for another connection",
        fix="drop this connection; if it happens again, look for what stands between the two ends",
        run=(
            "count these events and raise an alarm: TCP has a checksum, so this is no noise on the line",
            "look for a proxy that rewrites data between the two ends",
        ),
        never=("do not go on with the connection, and do not use anything of that message",),
        codes=(Gss.GSS_S_BAD_SIG, Sspi.SEC_E_MESSAGE_ALTERED),
        errors=("IntegrityError",),
    ),
    Failure(
        number=23,
        slug="message-missing",
        family="messages",
        title="A message is missing, or came twice",
        happened="Messages are numbered under their protection, and a number is missing, repeated or out of order.",
        cause="a write was cancelled after its message had got its number, two tasks write at the same time, or"
        " something in between drops or repeats data",
        fix="drop this connection; let only one task write at a time",
        run=(
            "look for tasks that write to the stream without a lock, and for writes under a timeout that go on",
        ),
        never=("do not ignore the gap: what is missing may be what mattered",),
        codes=(
            Gss.GSS_S_GAP_TOKEN,
            Gss.GSS_S_DUPLICATE_TOKEN,
            Gss.GSS_S_UNSEQ_TOKEN,
            Gss.GSS_S_OLD_TOKEN,
            Sspi.SEC_E_OUT_OF_SEQUENCE,
        ),
        errors=("IntegrityError",),
    ),
)
