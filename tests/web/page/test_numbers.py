"""Rates are shown with their unit, and the marks of an axis all in one unit, no two of them alike."""

import pytest

from tests.web.page.conftest import OpenTab
from tests.web.page.tab import Tab

pytestmark = pytest.mark.measured


@pytest.fixture
def page(open_tab: OpenTab, full_shop: str) -> Tab:
    tab = open_tab(full_shop)
    tab.open("#/", "Overview")
    return tab


def called(tab: Tab, function: str, value: float | list[float]) -> str | list[str]:
    """What a function of the page's numbers answers."""
    call = "([name, value]) => import('./page/numbers.js').then((numbers) => numbers[name](value))"
    answer: str | list[str] = tab.page.evaluate(call, [function, value])
    return answer


def test_a_rate_is_in_the_unit_in_which_it_can_be_read(page: Tab) -> None:
    rates = {0: "0/s", 1_234.4: "1,234/s", 0.1: "0.1/s", 0.08: "4.8/min", 4 / 3_600: "4.0/h"}

    assert {rate: called(page, "rate", rate) for rate in rates} == rates


@pytest.mark.parametrize(
    ("marks", "shown"),
    [
        ([0, 0.05, 0.1], ["0", "0.05/s", "0.10/s"]),
        ([0, 0.025, 0.05, 0.075], ["0", "1.5/min", "3.0/min", "4.5/min"]),
        ([0, 500, 1_000], ["0", "500/s", "1,000/s"]),
        ([0], ["0"]),
    ],
)
def test_the_marks_of_an_axis_are_in_one_unit_and_differ(page: Tab, marks: list[float], shown: list[str]) -> None:
    assert called(page, "rates", marks) == shown
