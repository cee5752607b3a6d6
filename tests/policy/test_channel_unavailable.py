"""A channel whose name cannot be worked out: an error where it is required, and none where it is offered."""

from __future__ import annotations

import ssl
import sys
from typing import Any, cast

import pytest

from asyncauth import MechanismUnavailable
from asyncauth._channel import channel_name, tls_server_end_point


class Inside:
    """A client's TLS session, as far as it is asked."""

    server_side = False

    def getpeercert(self, *, binary_form: bool) -> bytes:
        assert binary_form
        return b"a certificate"


def test_without_the_package_that_reads_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.x509", cast("Any", None))
    with pytest.raises(MechanismUnavailable, match="package cryptography") as missing:
        tls_server_end_point(b"a certificate")
    assert missing.value.fix is not None
    assert "asyncauth[crypto]" in missing.value.fix
    tls = cast("ssl.SSLObject", Inside())
    assert channel_name(tls, required=False) is None
    with pytest.raises(MechanismUnavailable):
        channel_name(tls, required=True)
