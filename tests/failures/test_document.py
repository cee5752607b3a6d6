"""``docs/errors.md`` is what the catalogue says."""

from __future__ import annotations

import re

from asyncauth.failures import FAILURES

from .document import PATH, document


def test_it_is_current() -> None:
    assert PATH.read_text() == document(), "run: python -m tests.failures.document"


def test_every_failure_has_a_section_that_the_overview_leads_to() -> None:
    text = PATH.read_text()
    headings = {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^## (\d+\. .*)$", text, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#(\d[^)]*)\)", text)) == headings
    assert len(headings) == len(FAILURES)


def test_what_is_not_reproduced_says_so() -> None:
    assert PATH.read_text().count("\nNot reproduced: ") + PATH.read_text().count(" Not reproduced: ") == sum(
        not each.reproduced for each in FAILURES
    )
