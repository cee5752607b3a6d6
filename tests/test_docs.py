"""The pages in docs: all of them are in the index, no link leads nowhere, and their numbers are the program's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from asyncauth import Limits
from asyncauth.capture import Dump
from asyncauth.framings import NegotiateStream

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(DOCS.glob("*.md"))


def test_the_index_has_every_page() -> None:
    linked = set(re.findall(r"\]\(([\w.-]+\.md)\)", (DOCS / "README.md").read_text()))
    assert linked == {page.name for page in PAGES} - {"README.md"}


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_what_a_page_refers_to_is_there(page: Path) -> None:
    text = page.read_text()
    for name in re.findall(r"`(tests/[\w/.]+)`", text):
        assert (DOCS.parent / name).exists(), name
    for name in re.findall(r"[`(]([\w-]+\.md)[`)]", text):
        assert (DOCS / name).exists(), name


def test_every_defence_has_a_test_that_exists() -> None:
    """And every threat a row: those of the protocol by number, those of other libraries by theirs."""
    text = (DOCS / "security.md").read_text()
    rows = re.findall(r"^\| (P?\d+) \| (.*) \| (.*) \|$", text, re.MULTILINE)
    assert sorted(number for number, *_ in rows) == sorted(
        [str(number) for number in range(1, 26)] + [f"P{number}" for number in (*range(1, 8), 14, 15)]
    )
    named = {number: re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", shown) for number, _, shown in rows}
    assert [number for number, tests in named.items() if not tests] == []
    missing = [
        f"{number}: {file}::{name}"
        for number, tests in named.items()
        for file, name in tests
        if not re.search(rf"^(async )?def {name}\(", (DOCS.parent / file).read_text(), re.MULTILINE)
    ]
    assert missing == []


def test_the_limits_of_ms_nns() -> None:
    text = (DOCS / "framing-nns.md").read_text()
    framing, limits = NegotiateStream(), Limits()
    for number in (framing.handshake.limit, framing.message.limit, framing.max_plaintext, limits.handshake):
        assert f"{number:,}" in text
    assert framing.message.limit == 65_536
    assert framing.max_plaintext == 64_560 - 72
    assert limits.legs == 10


def test_the_example_of_a_dump_is_one() -> None:
    text = (DOCS / "dump.md").read_text()
    (example,) = re.findall(r"```\n(dump: 1.*?)```", text, re.DOTALL)
    dump = Dump.parse(example.replace("...", ""))
    assert dump.get("framing") == "nns"
    assert dump.closed == {"1": 0.056043}
    assert [len(chunk.hidden) for chunk in dump.chunks["1"]][-4:] == [1, 1, 1, 0]
