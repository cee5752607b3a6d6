"""The limit: GSSAPI itself, without a network, a loop or a library of ours.

One thread plays both sides through ``gssapi.raw``. Credentials and the service's name are made once; the client's
tickets are in a FILE: cache, the replay cache is on, and no context outlives its handshake. That is what a careful
program that uses GSSAPI directly gets from one core. A pair of processes has two, so a layer's ratio can pass 1.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from gssapi import NameType, raw

from ._common import LARGE, SMALL, Pace

if TYPE_CHECKING:
    from ._measures import Measure

__all__ = ["MECHANISMS", "Limit", "Limits"]

_KRB5 = raw.OID.from_int_seq("1.2.840.113554.1.2.2")
_SPNEGO = raw.OID.from_int_seq("1.3.6.1.5.5.2")
MECHANISMS = {"krb5": _KRB5, "spnego": _SPNEGO}
"""``krb5`` is the limit that goals are stated in; ``spnego`` does what Negotiate does, which is a little more:
Kerberos, and nothing else, is offered in SPNEGO."""

_FLAGS = (
    raw.RequirementFlag.mutual_authentication
    | raw.RequirementFlag.replay_detection
    | raw.RequirementFlag.out_of_sequence_detection
    | raw.RequirementFlag.confidentiality
    | raw.RequirementFlag.integrity
)


class Limit:
    """The loops for one mechanism.

    :param mechanism: ``spnego`` or ``krb5``
    :param cache: the client's credential cache, with its type
    """

    def __init__(self, mechanism: str, spn: str, cache: str, keytab: Path) -> None:
        self.mechanism = mechanism
        self._oid = MECHANISMS[mechanism]
        mechs = [_KRB5] if self._oid == _KRB5 else [_KRB5, _SPNEGO]
        self._name = raw.import_name(f"{spn}@".encode(), NameType.kerberos_principal)
        self._client = raw.acquire_cred_from({b"ccache": cache.encode()}, usage="initiate", mechs=mechs).creds
        self._server = raw.acquire_cred_from({b"keytab": bytes(keytab)}, usage="accept", mechs=mechs).creds
        if self._oid != _KRB5:
            raw.set_neg_mechs(self._client, [_KRB5])
        self._handshake()

    def handshakes(self, seconds: float) -> Pace:
        """Both sides of handshakes, one after another."""
        return _repeat(self._handshake, seconds)

    def seals(self, size: int, seconds: float) -> Pace:
        """Messages of so many bytes sealed with ``gss_wrap``, one after another; how many per second."""
        (context, _), data = self._handshake(), bytes(size)
        return _repeat(lambda: raw.wrap(context, data, True), seconds)  # type: ignore[arg-type]

    def echoes(self, size: int, seconds: float) -> Pace:
        """Messages sealed and opened there and back."""
        client, server = self._handshake()
        data = bytes(size)

        def there_and_back() -> None:
            raw.unwrap(server, raw.wrap(client, data, True).message)  # type: ignore[arg-type]
            raw.unwrap(client, raw.wrap(server, data, True).message)  # type: ignore[arg-type]

        return _repeat(there_and_back, seconds)

    def _handshake(self) -> tuple[raw.SecurityContext, raw.SecurityContext]:
        name, oid = self._name, self._oid
        first = raw.init_sec_context(name, self._client, None, oid, _FLAGS)
        answer = raw.accept_sec_context(first.token or b"", self._server)
        last = raw.init_sec_context(name, self._client, first.context, oid, _FLAGS, input_token=answer.token)
        assert not last.more_steps and not answer.more_steps  # noqa: PT018
        return last.context, answer.context


class Limits:
    """What each measure is compared with."""

    def __init__(self, spn: str, cache: str, keytab: Path) -> None:
        self._by_mechanism = {name: Limit(name, spn, cache, keytab) for name in MECHANISMS}

    def measured(self, measure: Measure, seconds: float) -> dict[str, Pace]:
        """Each limit of a measure, by name; none for a measure without."""
        gss = self._by_mechanism["spnego"]
        match measure.name:
            case "handshake" | "visit":
                return {
                    f"raw {name}": limit.handshakes(seconds) for name, limit in self._by_mechanism.items()
                }
            case "throughput":
                paces = {"gss_wrap": gss.seals(LARGE, seconds)}
                if importlib.util.find_spec("cryptography") is not None:
                    paces["OpenSSL"] = _ciphers(LARGE, seconds)
                return {name: pace._replace(value=pace.value * measure.scale) for name, pace in paces.items()}
            case "echo":
                return {"gss_wrap, gss_unwrap": gss.echoes(SMALL, seconds)}
            case "stream":
                return {"gss_wrap": gss.seals(SMALL, seconds)}
        return {}


def _ciphers(size: int, seconds: float) -> Pace:
    """What a message of so many bytes takes without GSSAPI."""
    from ._ciphers import cipher_and_hash

    return _repeat(cipher_and_hash(size), seconds)


def _repeat(call: Callable[[], object], seconds: float) -> Pace:
    """How often per second, and how much CPU time each."""
    count, cpu, start = 0, time.process_time(), time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds:
        call()
        count += 1
    return Pace(count / elapsed, (time.process_time() - cpu) / count * 1e6)
