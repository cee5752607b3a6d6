"""Tokens in plain words for people, and as fields for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..tokens import (
    ApRep,
    ApReq,
    Encrypted,
    Initial,
    KrbError,
    Mic,
    NegTokenInit,
    NegTokenResp,
    NtlmMessage,
    Opaque,
    Service,
    Token,
    Wrap,
    enctype_name,
    krb_error_text,
    readable,
)  # fmt: skip

__all__ = ["fields", "words"]


def words(token: Token) -> list[str]:
    """What a token says, in lines."""
    return _WORDS[type(token)](token)


def fields(token: Token) -> dict[str, Any]:
    """The same flat, with the names that are in docs/dump.md."""
    return _FIELDS[type(token)](token)


def _initial_words(token: Initial) -> list[str]:
    return words(token.token) if token.mechanism in _READ else [f"{token.mechanism}: {_only(token.token)}"]


def _initial_fields(token: Initial) -> dict[str, Any]:
    return {"mechanism": token.mechanism, **fields(token.token)}


def _offer_words(token: NegTokenInit) -> list[str]:
    text = f"SPNEGO offers {', '.join(token.mechanisms) or 'nothing'}"
    text += f", hint {readable(token.hint)}" if token.hint else ""
    return [_with_mic(text, token.signed), *_inner_words(token.token)]


def _offer_fields(token: NegTokenInit) -> dict[str, Any]:
    offered = {"offered": list(token.mechanisms), "hint": token.hint, "mech_list_mic": token.signed}
    return {"token": "NegTokenInit", **offered, **_inner_fields(token.token)}


def _choice_words(token: NegTokenResp) -> list[str]:
    parts = (token.state, token.mechanism and f"mechanism {token.mechanism}")
    text = f"SPNEGO {', '.join(filter(None, parts)) or 'goes on'}"
    return [_with_mic(text, token.signed), *_inner_words(token.token)]


def _choice_fields(token: NegTokenResp) -> dict[str, Any]:
    chosen = {"state": token.state, "chosen": token.mechanism, "mech_list_mic": token.signed}
    return {"token": "NegTokenResp", **chosen, **_inner_fields(token.token)}


def _with_mic(text: str, signed: bool) -> str:
    return f"{text}, list of mechanisms signed" if signed else text


def _inner_words(token: Token | None) -> list[str]:
    return ["no token of a mechanism"] if token is None else words(token)


def _inner_fields(token: Token | None) -> dict[str, Any]:
    """Of a token within another; its kind goes by another name."""
    if token is None:
        return {}
    inner = fields(token)
    return {"inner": inner.pop("token"), **inner}


def _request_words(token: ApReq) -> list[str]:
    proof = "asks for the service's proof" if token.mutual else "asks for no proof of the service"
    user_to_user = ", in another ticket's session key" if token.session_key else ""
    return [
        f"Kerberos AP-REQ for {_service(token.service)}, {proof}",
        f"ticket: {_encrypted(token.ticket)}{user_to_user}",
        f"authenticator: {_encrypted(token.authenticator)}",
    ]


def _request_fields(token: ApReq) -> dict[str, Any]:
    request = {"spn": token.service.spn, "realm": token.service.realm, "mutual": token.mutual}
    ticket = _sizes("ticket", token.ticket) | {"kvno": token.ticket.kvno}
    return {"token": "AP-REQ", **request, **ticket, **_sizes("authenticator", token.authenticator)}


def _answer_words(token: ApRep) -> list[str]:
    return [f"Kerberos AP-REP, the service's proof: {_encrypted(token.encrypted)}"]


def _answer_fields(token: ApRep) -> dict[str, Any]:
    return {"token": "AP-REP", **_sizes("answer", token.encrypted)}


def _error_words(token: KrbError) -> list[str]:
    lines = [
        f"Kerberos {krb_error_text(token.code)}",
        f"from {_service(token.service)}, at {readable(token.server_time)}",
    ]
    return [*lines, f"text: {readable(token.text)}"] if token.text else lines


def _error_fields(token: KrbError) -> dict[str, Any]:
    service = {"spn": token.service.spn, "realm": token.service.realm, "text": token.text}
    error = {"code": token.code, "error": krb_error_text(token.code), "time": token.server_time}
    return {"token": "KRB-ERROR", **error, **service}


def _ntlm_words(token: NtlmMessage) -> list[str]:
    flags = "" if token.flags is None else f"flags 0x{token.flags:08x}"
    names = (f"{what} {readable(name)}" for what, name in token.names.items())
    return [", ".join(filter(None, (f"NTLM {_NTLM[token.number]}", flags, *names)))]


def _ntlm_fields(token: NtlmMessage) -> dict[str, Any]:
    return {"token": f"NTLM {_NTLM[token.number]}", "mechanism": "ntlm", "flags": token.flags, **token.names}


def _wrap_words(token: Wrap) -> list[str]:
    layout = f"EC {token.extra}, RRC {token.rotation}"
    return [", ".join(("sealed" if token.sealed else "signed only", *_who(token), layout))]


def _mic_words(token: Mic) -> list[str]:
    return [", ".join(("signature", *_who(token)))]


def _who(token: Wrap | Mic) -> Iterator[str]:
    if token.number is not None:
        yield f"sequence number {token.number}"
    if token.by_acceptor:
        yield "by the acceptor"
    if token.acceptor_subkey:
        yield "acceptor's subkey"


def _service(service: Service) -> str:
    return f"{readable(service.spn)} in realm {readable(service.realm)}"


def _encrypted(encrypted: Encrypted) -> str:
    version = "" if encrypted.kvno is None else f", key version {encrypted.kvno}"
    return f"{enctype_name(encrypted.enctype)} ({encrypted.enctype}){version}, {encrypted.size} bytes"


def _sizes(what: str, encrypted: Encrypted) -> dict[str, int]:
    return {f"{what}_enctype": encrypted.enctype, f"{what}_size": encrypted.size}


def _only(token: Token) -> str:
    return f"{token.kind}, {token.size} bytes" if isinstance(token, Opaque) else type(token).__name__


_READ = "spnego", "kerberos"
_NTLM = {1: "NEGOTIATE", 2: "CHALLENGE", 3: "AUTHENTICATE"}

_WORDS: dict[type, Callable[[Any], list[str]]] = {
    Initial: _initial_words, NegTokenInit: _offer_words, NegTokenResp: _choice_words, ApReq: _request_words,
    ApRep: _answer_words, KrbError: _error_words, NtlmMessage: _ntlm_words, Wrap: _wrap_words, Mic: _mic_words,
    Opaque: lambda token: [_only(token)],
}  # fmt: skip
_FIELDS: dict[type, Callable[[Any], dict[str, Any]]] = {
    Initial: _initial_fields, NegTokenInit: _offer_fields, NegTokenResp: _choice_fields, ApReq: _request_fields,
    ApRep: _answer_fields, KrbError: _error_fields, NtlmMessage: _ntlm_fields,
    Wrap: lambda token: {"token": "Wrap", **token._asdict()}, Mic: lambda token: {"token": "MIC", **token._asdict()},
    Opaque: lambda token: {"token": token.kind},
}  # fmt: skip
