"""What people come for takes no more clicks than promised. `python -m docs.dashboard.errands` prints the seconds."""

import pytest

from redisched.client.scheduler import Scheduler
from redisched.web.acting import actions
from tests.web.page.conftest import OpenTab
from tests.web.page.errands import ERRANDS, Errand, clicks_of, count_clicks
from tests.web.page.shop import fill
from tests.web.page.tab import apart

pytestmark = pytest.mark.measured


@pytest.fixture
def shop(own_shop: str, tasks: Scheduler, monkeypatch: pytest.MonkeyPatch) -> str:
    """A full shop, in which nothing that was begun happens while the test looks."""
    monkeypatch.setattr(actions, "UNDO_S", 60)
    apart(lambda: fill(tasks))
    return own_shop


@pytest.mark.parametrize("errand", ERRANDS, ids=lambda errand: errand.name)
def test_an_errand_takes_no_more_clicks_than_promised(open_tab: OpenTab, shop: str, errand: Errand) -> None:
    tab = open_tab(shop)
    count_clicks(tab)
    errand.run(tab)
    clicked = clicks_of(tab)
    assert len(clicked) <= errand.clicks, clicked


def test_clicks_are_counted(open_tab: OpenTab, shop: str) -> None:
    tab = open_tab(shop)
    count_clicks(tab)
    tab.open("", "Overview")
    for name in ("Tasks", "Workers"):
        tab.page.get_by_role("navigation", name="Screens").get_by_role("link", name=name).click()
    # After the name of a screen stands its key.
    assert [text.removesuffix(key) for text, key in zip(clicks_of(tab), ("g t", "g w"), strict=True)] == [
        "Tasks",
        "Workers",
    ]
