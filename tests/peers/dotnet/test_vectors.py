"""The recorded conversations are whole, and say of each field what it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from ...vectors.capture import Capture
from .reading import comments, messages
from .record import DIRECTORY, SCENES

FILES = sorted(DIRECTORY.glob("*.txt"))


def test_every_scene_is_there() -> None:
    assert [path.stem for path in FILES] == sorted(f"{peer}_{s.name}" for s in SCENES for peer in s.peers)


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_a_recorded_conversation(path: Path) -> None:
    """What the file says of its bytes is what they say, and each byte of a handshake lies in a field."""
    text = path.read_text()
    capture = Capture.parse(text)
    framed = capture["protection"] != "NONE"
    assert capture.render(comments(capture.chunks, framed=framed)) == text
    said = messages(capture.chunks, framed=framed)
    assert b"".join(m.data for m in said if m.sender == ">") == capture.sent(">")
    assert b"".join(m.data for m in said if m.sender == "<") == capture.sent("<")
    plaintexts = [value for key, value in capture.head if key == "plaintext"]
    data = [m for m in said if m.kind is None]
    assert bool(plaintexts) == bool(data)
    assert len(plaintexts) <= len(data)
    assert {m.sealed for m in data} <= {
        {"SEAL": True, "SIGN": False, "NONE": None}.get(capture["protection"])
    }
