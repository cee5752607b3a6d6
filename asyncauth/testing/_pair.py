"""Two engines, joined without a network."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any

from .._types import Limits, Policy, Role, Target
from ..abc import Framing, Mechanism
from ..engine import NEED_DATA, Connection, DecisionRequired, EndOfData, Event, StepRequired

__all__ = ["EnginePair", "Side"]

Chop = Callable[[bytes], Iterable[bytes]]


def _whole(data: bytes) -> Iterable[bytes]:
    return (data,)


def _at_once(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine that waits for nothing; there is no loop here."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise RuntimeError("an application's decision that waits needs an event loop")


@dataclass
class Side:
    """One engine, and what it has said."""

    engine: Connection
    events: list[Event] = field(default_factory=list)
    error: Exception | None = None
    wrote: bytes = b""

    def turn(self) -> None:
        """Take all events there are, and run all steps."""
        try:
            while (event := self.engine.next_event()) is not NEED_DATA:
                if isinstance(event, StepRequired):
                    event.run()
                    self.engine.step_done(event)
                elif isinstance(event, DecisionRequired):
                    _at_once(event.ask())
                    self.engine.step_done(event)
                elif isinstance(event, EndOfData) and event in self.events:
                    return
                else:
                    self.events.append(event)
        except Exception as error:  # noqa: BLE001 - it is what the test looks at
            self.error = error

    def says(self) -> bytes:
        """A turn, and then what is to be sent."""
        self.turn()
        data = self.engine.data_to_send()
        self.wrote += data
        return data


class EnginePair:
    """A client and a server that hear each other.

    :param chop: how each piece travels: whole, byte by byte, ...
    :param alter: what happens to it on the way
    """

    def __init__(
        self,
        client: Mechanism,
        server: Mechanism,
        framing: Framing,
        *,
        target: Target,
        client_policy: Policy | None = None,
        server_policy: Policy | None = None,
        limits: Limits | None = None,
        allow_unmarked_end: bool = False,
        chop: Chop = _whole,
        alter: Callable[[bytes], bytes] = bytes,
    ) -> None:
        ours, theirs = client_policy or Policy(), server_policy or Policy()
        self.client = Side(
            Connection(
                Role.CLIENT,
                client.initiate(target.spn, ours),
                framing,
                policy=ours,
                limits=limits,
                target=target.spn,
                allow_unmarked_end=allow_unmarked_end,
            )
        )
        self.server = Side(
            Connection(
                Role.SERVER,
                server.accept(theirs),
                framing,
                policy=theirs,
                limits=limits,
                allow_unmarked_end=allow_unmarked_end,
            )
        )
        self._chop = chop
        self._alter = alter

    def run(self) -> EnginePair:
        """Let both talk until neither has anything to say."""
        while self._pass(self.client, self.server) | self._pass(self.server, self.client):
            pass
        return self

    def cut(self) -> None:
        """End the byte streams of both directions, and let both notice."""
        for side in (self.client, self.server):
            side.engine.receive_eof()
            side.turn()

    def _pass(self, sender: Side, receiver: Side) -> bool:
        data = sender.says()
        for piece in self._chop(self._alter(data)) if data else ():
            receiver.engine.receive_data(piece)
            receiver.turn()
        return bool(data)
