"""A stream that can also be used without waiting.

To give other tasks their turn with each call, as anyio's streams do, costs more than to write a small message. Whoever
uses what is here gives them their turn itself, and knows better when: see :mod:`asyncauth._turns`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable

from anyio.abc import ByteStream

__all__ = ["PromptStream"]


class PromptStream(ByteStream):
    """See the head of this file. The errors are those of ``send`` and ``receive``."""

    @property
    @abstractmethod
    def full(self) -> bool:
        """The system has not taken all that was sent; a ``send``, which may be one of no bytes, waits until it has."""

    @abstractmethod
    def send_at_once(self, data: bytes) -> None:
        """Send, after what was sent before. What the system does not take now goes out later."""

    @abstractmethod
    def receive_at_once(self, max_bytes: int) -> bytes | None:
        """What lies ready; None if nothing does."""

    @abstractmethod
    def readable(self) -> Awaitable[None]:
        """Wait until something lies ready, or nothing more comes; whoever asks once more then is told the end of it."""

    @abstractmethod
    def soon(self, callback: Callable[[], None]) -> None:
        """Call it when the tasks that are ready to run have had their turn. It must not raise."""

    def close_at_once(self) -> bool:
        """Close, if that can be done without waiting; else False."""
        return False

    @property
    @abstractmethod
    def remote_address(self) -> object:
        """The peer's, as anyio has it; None if it is not known."""
