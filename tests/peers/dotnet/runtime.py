"""The kinds of .NET to talk with, and our program compiled for them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from asyncauth.bench import _dotnet_runtime as dotnet

__all__ = ["PEERS", "Peer", "command"]

SOURCE = Path(__file__).with_name("Peer.cs")


@dataclass(frozen=True)
class Peer:
    """One kind of .NET to talk with.

    :param version: of the runtime
    :param switches: AppContext switches to turn on
    """

    name: str
    version: str
    switches: tuple[str, ...] = ()


PEERS = {
    "net31": Peer(".NET Core 3.1", "3.1"),
    "net80": Peer(".NET 8.0", "8.0"),
    # SPNEGO and NTLM of .NET's own in place of GSSAPI's, which is the only way to its NTLM without a plug-in
    "net80managed": Peer(".NET 8.0, managed", "8.0", ("System.Net.Security.UseManagedNtlm",)),
}


def command(peer: Peer, directory: Path) -> list[str]:
    """What starts our program as this peer; compiled if ``directory`` does not hold it yet.

    :raises MechanismUnavailable: the runtime or the compiler is missing
    """
    return [*dotnet.command(dotnet.RUNTIMES[peer.version], SOURCE, directory), *peer.switches]
