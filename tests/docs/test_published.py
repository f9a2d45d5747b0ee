"""The page shows the kept measurement: after a new measurement it must be published again."""

import re
from pathlib import Path

import pytest

from docs.performance.page import put
from docs.performance.plot_data import PLOTS
from docs.performance.tables import TABLES
from tests.house.checkout import ROOT

PAGE = ROOT / "docs" / "performance.md"


@pytest.mark.parametrize("name", TABLES)
def test_the_page_shows_the_kept_measurement(name: str) -> None:
    page = PAGE.read_text()

    assert put(name, TABLES[name](), page) == page


def test_every_plot_is_shown_and_exists() -> None:
    shown = re.findall(r"!\[[^]]+\]\(([^)]+)\)", PAGE.read_text())

    assert {Path(path).stem for path in shown} == PLOTS.keys()
    assert all((PAGE.parent / path).read_text().lstrip().startswith("<?xml") for path in shown)


def test_every_link_of_the_page_leads_to_a_file() -> None:
    links = re.findall(r"\]\(((?!http)[^)#]+)\)", PAGE.read_text())

    assert [link for link in links if not (PAGE.parent / link).exists()] == []
