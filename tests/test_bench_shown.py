"""How ``asyncauth bench`` shows what it has measured: tables, and a plot."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest

from asyncauth.bench import LAYERS, MEASURES, BenchmarkError, Figure, Plan, Sample, check_plot, show
from asyncauth.bench._common import Pace
from asyncauth.bench._entrants import Entrant
from asyncauth.bench._figures import figures
from asyncauth.bench._pair import Measured
from asyncauth.bench._plot import svg

OURS, TCP, DOTNET = LAYERS["protocol/uvloop"], Entrant("tcp", "protocol", "uvloop"), Entrant("dotnet", "8.0")
WHO = {str(one): one for one in (OURS, TCP, DOTNET)}
PLAN = Plan(rounds=2)
SVG = "{http://www.w3.org/2000/svg}"


def rows(measure: str = "handshake", limits: Sequence[str] = ("raw krb5", "raw spnego")) -> list[Figure]:
    """Two rounds of 1,000 and 2,000; ours is as fast as the limit, tcp ten times that, .NET half of it."""
    paces = dict.fromkeys(limits, 1000.0)
    found = [
        Sample(
            number,
            MEASURES[measure],
            name,
            Measured(1000.0 * number * factor, 50.0, 100.0 / factor),
            {limit: Pace(pace * number, 150.0) for limit, pace in paces.items()},
        )
        for number in (1, 2)
        for name, factor in zip(WHO, (1.0, 10.0, 0.5), strict=True)
    ]
    return figures(found, WHO)


def shown(found: Sequence[Figure]) -> str:
    stream = io.StringIO()
    show(found, PLAN, stream)
    return stream.getvalue()


def test_ratios_are_in_the_table() -> None:
    text = shown(rows())
    head, *lines = (line.split() for line in text.splitlines()[2:8])
    assert " ".join(head) == "median spread x raw krb5 x raw spnego server CPU us client CPU us"
    by_name = {line[0]: line for line in lines if line}
    assert by_name["protocol/uvloop"][1:] == [
        "1,500", "[1,000..2,000]", "1.00", "(1.50)", "1.00", "(1.50)", "50", "100",
    ]  # fmt: skip
    compared = text[text.index("against peers") :].splitlines()
    assert compared[0] == "against peers (more is better)"
    assert compared[1].split() == ["x", "tcp", "x", "dotnet", "8.0"]
    assert compared[2].split() == ["protocol/uvloop", "0.10", "(0.50)", "2.00", "(2.00)"]


def test_only_what_is_there_is_explained() -> None:
    handshakes, bare = shown(rows()), shown(rows("idle", limits=()))
    assert "raw krb5 is the limit that goals are stated in" in handshakes
    assert "difference" not in handshakes
    assert "x limit" not in bare
    assert "difference to the peer" in bare
    assert "0.10 (-13,500.0)" in bare
    assert "Memory of the server for each of 1000 idle connections [KiB]" in bare
    assert not [line for line in (handshakes + bare).splitlines() if "model" in line or "echoes" in line]


def texts(found: Sequence[Figure]) -> list[str]:
    root = ElementTree.fromstring(svg(found, PLAN, {"cores": 2, "uvloop": None}))  # noqa: S314 - we wrote it
    return [each.text or "" for each in root.iter(f"{SVG}text")]


def test_a_plot_says_who_and_how_much() -> None:
    words = texts(rows())
    assert words[:2] == ["asyncauth bench", "cores 2"]
    names = [word for word in words if word in WHO or word in ("raw krb5", "raw spnego")]
    assert names == ["tcp protocol/uvloop", "raw krb5", "raw spnego", "protocol/uvloop", "dotnet 8.0"]
    assert {"15,000", "1,500", "750", "x raw krb5", "1.0", "0.5", "10.00", "1.00", "0.50"} <= set(words)


def test_plain_tcp_does_not_make_all_others_small() -> None:
    root = ElementTree.fromstring(svg(rows(), PLAN, {}))  # noqa: S314 - we wrote it
    widths = {
        (title.text or "").partition(":")[0]: float(bar.attrib["width"])
        for bar in root.iter(f"{SVG}rect")
        for title in bar.iter(f"{SVG}title")
    }
    assert widths["dotnet 8.0"] * 2 == widths["protocol/uvloop"] > 100
    assert widths["protocol/uvloop"] < widths["tcp protocol/uvloop"] == 500


def test_phases_are_parts_of_a_bar() -> None:
    parts = {"credentials": 100.0, "KDC": 0.0, "tokens": 300.0}
    found = figures([Sample(1, MEASURES["phases"], "server", Measured(400.0, more=parts))], {})
    root = ElementTree.fromstring(svg(found, PLAN, {}))  # noqa: S314 - we wrote it
    bars = [
        (float(bar.attrib["x"]), float(bar.attrib["width"]), title.text)
        for bar in root.iter(f"{SVG}rect")
        for title in bar.iter(f"{SVG}title")
    ]
    assert bars == [(290.0, 125.0, "server: credentials 100 us"), (415.0, 375.0, "server: tokens 300 us")]


def test_names_in_a_plot_are_escaped() -> None:
    found = figures([Sample(1, MEASURES["echo"], "<&>", Measured(1.0))], {})
    assert "<&>" in texts(found)


def test_a_plot_is_checked_before_anything_is_measured(tmp_path: Path) -> None:
    check_plot(tmp_path / "a.svg")
    with pytest.raises(BenchmarkError, match=r"no \.svg"):
        check_plot(tmp_path / "a.png")
    with pytest.raises(BenchmarkError, match="no directory"):
        check_plot(tmp_path / "b" / "a.svg")
