"""``--framing sasl``: which of SASL's mechanisms it is follows from ``--mechanism``."""

from __future__ import annotations

from pathlib import Path

import pytest

from ._process import Cli, parsed

SPN = "Echo/localhost"


@pytest.mark.parametrize("require", ["seal", "sign", "none"])
@pytest.mark.parametrize("mechanism", ["kerberos", "negotiate"])
def test_both_mechanisms_at_each_level(cli: Cli, keytab: Path, mechanism: str, require: str) -> None:
    options = ("--framing", "sasl", "--mechanism", mechanism, "--require", require)
    with cli.serving("--keytab", keytab, "--echo", *options) as server:
        done = cli("connect", server.place, "--spn", SPN, "--json", *options, data=b"hello\n")
        event = server.event(1)
    assert (done.returncode, done.stdout) == (0, b"hello\n")
    assert (event["event"], event["protection"]) == ("authenticated", require)
    assert parsed(done.stderr)[0]["mechanism"] == "kerberos"


def test_ends_that_use_different_ones(cli: Cli, keytab: Path) -> None:
    with cli.serving("--keytab", keytab, "--echo", "--framing", "sasl") as server:
        done = cli("connect", server.place, "--spn", SPN, "--framing", "sasl", "--mechanism", "kerberos")
        refused = server.event(1)
    assert done.returncode == 1
    assert b"the mechanism here is GSS-SPNEGO" in done.stderr
    assert refused["event"] == "refused"
    assert "wants the SASL mechanism 'GSSAPI'" in refused["reason"]
