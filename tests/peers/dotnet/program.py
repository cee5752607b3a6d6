"""The running program: requests in, answers out, many at a time."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio

__all__ = ["Answer", "DotNet", "DotNetError"]

Answer = dict[str, Any]
SECONDS = 20.0
"""For any one request."""


class DotNetError(Exception):
    """What .NET threw.

    :param answer: the program's answer, with ``error``, the exception's type, ``message`` and ``inner``
    """

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer['error']}: {answer['message']} {answer['inner']}")
        self.answer = answer
        self.error: str = answer["error"]
        self.message: str = answer["message"]


class DotNet:
    """One process of Peer.cs, with a credential cache and a keytab of its own that tests may exchange.

    :param command: what starts it
    :param directory: where the cache and the keytab are put
    """

    def __init__(self, command: list[str], directory: Path, environment: Mapping[str, str]) -> None:
        self._cache, self._keytab = directory / "ccache", directory / "keytab"
        self._held: tuple[str | None, Path | None] = None, None
        self._numbers = itertools.count(1)
        self._asked: dict[int, Future[Answer]] = {}
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            command,
            env={
                **environment,
                "KRB5CCNAME": f"FILE:{self._cache}",
                "KRB5_KTNAME": f"FILE:{self._keytab}",
                "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1",
                "HOME": str(directory),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self._reader = threading.Thread(target=self._read, name="dotnet answers")
        self._reader.start()
        self.version: str = self.request("about").result(SECONDS)["version"]

    def request(self, do: str, **what: Any) -> Future[Answer]:
        """Ask for something; the future has the answer, or DotNetError."""
        future: Future[Answer] = Future()
        number = next(self._numbers)
        with self._lock:
            self._asked[number] = future
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps({"id": number, "do": do, **what}) + "\n")
        return future

    async def ask(self, do: str, **what: Any) -> Answer:
        """:meth:`request` and wait for the answer, on any event loop."""
        future = self.request(do, **what)
        with anyio.fail_after(SECONDS):
            while not future.done():  # noqa: ASYNC110 - the event would have to come from another thread
                await anyio.sleep(0.0005)
        return future.result()

    def give(self, cache: str | None, keytab: Path | None) -> None:
        """From now on it has this cache and this keytab; none where None."""
        for path, source in ((self._cache, cache and cache.removeprefix("FILE:")), (self._keytab, keytab)):
            path.unlink(missing_ok=True)
            if source is not None:
                shutil.copyfile(source, path)
        self._held = cache, keytab

    @contextmanager
    def having(self, cache: str | None, keytab: Path | None) -> Iterator[None]:
        """:meth:`give` for a while."""
        before = self._held
        self.give(cache, keytab)
        try:
            yield
        finally:
            self.give(*before)

    def close(self) -> None:
        """End the process; whatever it was asked and has not answered fails."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(5)
        finally:
            self._process.kill()
            self._process.wait()
            self._reader.join()
            self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            answer: Answer = json.loads(line)
            with self._lock:
                future = self._asked.pop(answer.pop("id"))
            if "error" in answer:
                future.set_exception(DotNetError(answer))
            else:
                future.set_result(answer)
        with self._lock:
            unanswered = list(self._asked.values())
            self._asked.clear()
        for future in unanswered:
            future.set_exception(RuntimeError("the .NET program has ended"))
