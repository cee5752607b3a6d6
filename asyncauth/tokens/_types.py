"""What each kind of token says in clear."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from ._service import Service

__all__ = [
    "ApRep", "ApReq", "Encrypted", "Initial", "KrbError", "Mic", "NegTokenInit", "NegTokenResp", "NtlmMessage",
    "Opaque", "Token", "Wrap",
]  # fmt: skip


class Encrypted(NamedTuple):
    """What is known of an EncryptedData (RFC 4120 5.2.9).

    :param enctype: number of the encryption type, 18 is aes256-cts-hmac-sha1-96
    :param kvno: version of the key, if it says one
    :param size: bytes of the ciphertext
    """

    enctype: int
    kvno: int | None
    size: int


class ApReq(NamedTuple):
    """A client's request to a service (RFC 4120 5.5.1).

    :param options: the ap-options; 0x20000000 asks for mutual authentication
    :param service: the service the ticket is for; see :func:`requested_service` for what that proves
    """

    options: int
    service: Service
    ticket: Encrypted
    authenticator: Encrypted

    @property
    def mutual(self) -> bool:
        """Whether the client asks the service for proof of its identity."""
        return bool(self.options & 0x2000_0000)

    @property
    def session_key(self) -> bool:
        """Whether the ticket is encrypted in another ticket's session key (user to user)."""
        return bool(self.options & 0x4000_0000)


class ApRep(NamedTuple):
    """The service's answer (RFC 4120 5.5.2)."""

    encrypted: Encrypted


class KrbError(NamedTuple):
    """A refusal (RFC 4120 5.9.1). Nothing of it is authenticated.

    :param code: error-code
    :param server_time: stime, ``20261122133941Z``
    :param client: the client's name, where it is told
    :param text: e-text
    """

    code: int
    server_time: str
    service: Service
    client: Service | None
    text: str | None


class Opaque(NamedTuple):
    """A token of a mechanism, or of a kind, that is not read here.

    :param kind: what is known of it
    :param size: bytes
    """

    kind: str
    size: int


class NtlmMessage(NamedTuple):
    """A message of NTLM ([MS-NLMP] 2.2.1).

    :param number: 1 NEGOTIATE, 2 CHALLENGE, 3 AUTHENTICATE
    :param flags: what is negotiated; None in an AUTHENTICATE that has no flags
    :param names: domain, user, workstation or target, those that it has
    """

    number: int
    flags: int | None
    names: dict[str, str]


class Wrap(NamedTuple):
    """The header of a protected message (RFC 4121 4.2.6.2, RFC 4757 7.3).

    :param number: the sequence number; None in RFC 4757, where it is encrypted
    :param extra: EC: bytes of filler (sealed) or checksum (signed)
    :param rotation: RRC: bytes by which what follows the header is rotated to the right
    """

    sealed: bool
    by_acceptor: bool
    acceptor_subkey: bool
    extra: int
    rotation: int
    number: int | None


class Mic(NamedTuple):
    """The header of a detached signature (RFC 4121 4.2.6.1, RFC 4757 7.2)."""

    by_acceptor: bool
    acceptor_subkey: bool
    number: int | None


class Initial(NamedTuple):
    """A mechanism's token in the frame of RFC 2743 3.1.

    :param mechanism: ``kerberos``, ``spnego``, ... or the numbers of its OID
    """

    mechanism: str
    token: Token


class NegTokenInit(NamedTuple):
    """The first token of SPNEGO (RFC 4178 4.2.1; with hints, [MS-SPNG] 2.2.1).

    :param mechanisms: what the client could do, best first
    :param token: of the first of them, in advance
    :param hint: hintName of NegTokenInit2
    :param signed: there is a mechListMIC
    """

    mechanisms: tuple[str, ...]
    token: Token | None
    hint: str | None
    signed: bool


class NegTokenResp(NamedTuple):
    """Every other token of SPNEGO (RFC 4178 4.2.2).

    :param state: ``accept-completed``, ``accept-incomplete``, ``reject`` or ``request-mic``
    :param mechanism: the one chosen
    :param signed: there is a mechListMIC
    """

    state: str | None
    mechanism: str | None
    token: Token | None
    signed: bool


Token: TypeAlias = (
    Initial | NegTokenInit | NegTokenResp | ApReq | ApRep | KrbError | NtlmMessage | Wrap | Mic | Opaque
)
