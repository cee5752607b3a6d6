"""``asyncauth bench`` with a service that is there already; the private realm is in tests/test_benchmarks.py."""

from __future__ import annotations

from pathlib import Path

from asyncauth.bench import LAYERS
from asyncauth.testing import SambaRealm, Service

from ._process import Cli

SPN = "Echo/localhost"
BRIEF = ("--rounds", "1", "--seconds", "0.04", "--connections", "2")


def test_a_service_of_somebody_elses(cli: Cli, keytab: Path) -> None:
    with cli.serving("--keytab", keytab, "--echo") as server:
        lines = cli.events("bench", "all", server.place, "--spn", SPN, *BRIEF)
    setting, *rest = lines
    assert (setting["event"], setting["target"]) == ("setting", f"localhost:{server.port}")
    samples = [line for line in rest if line["event"] == "sample"]
    measures = ["handshake", "throughput", "echo"]
    assert [(line["measure"], line["name"]) for line in samples] == [
        (measure, layer) for measure in measures for layer in LAYERS
    ]
    for line in samples:
        assert line["value"] > 0
        assert line["client_cpu_us"] > 0
        assert (line["server_cpu_us"], line["limits"]) == (None, {})


def test_another_framing_and_a_keytab(cli: Cli, keytab: Path, ad_realm: SambaRealm, tmp_path: Path) -> None:
    alice = ad_realm.keytab("alice", tmp_path / "alice.keytab")
    with cli.serving("--keytab", keytab, "--echo", "--framing", "winsock") as server:
        options = ("--framing", "winsock", "--mechanism", "kerberos", "--layers", "anyio/asyncio")
        lines = cli.events(
            "bench",
            "echo",
            server.place,
            "--spn",
            SPN,
            *BRIEF,
            *options,
            "--keytab",
            alice,
            "--principal",
            "alice",
        )
    assert [line["event"] for line in lines] == ["setting", "sample", "result"]


def test_a_service_that_does_not_answer_to_the_spn(cli: Cli, keytab: Path) -> None:
    with cli.serving("--keytab", keytab, "--echo") as server:
        arguments = ("bench", "handshake", server.place, "--spn", "Echo/nowhere.example.test", *BRIEF)
        done = cli(*arguments, "--layers", "protocol/asyncio")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"the client of protocol/asyncio" in done.stderr
    assert b"Echo/nowhere.example.test" in done.stderr


def test_a_service_located_in_the_directory(
    cli: Cli, keytab: Path, service: Service, admin: tuple[str, str], name: str
) -> None:
    where = ("--name", name, "--parent", "CN=System,DC=example,DC=test", "--account", service.name)
    with cli.serving("--keytab", keytab, "--echo") as server:
        place = ("--service-class", "Echo", "--host", "localhost", "--port", str(server.port))
        cli.events("publish", "scp", *where, *place, "--keyword", name, *admin)
        lines = cli.events("bench", "echo", f"scp:{name}", *BRIEF, "--layers", "anyio/asyncio")
        cli.events("withdraw", "scp", *where, *admin)
        assert f"CN={name}" in server.event(1)["spn"]
    assert [line["event"] for line in lines] == ["setting", "sample", "result"]
    assert lines[0]["target"] == f"scp:{name}"
