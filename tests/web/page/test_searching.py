"""Searches through more tasks than one answer looks at: they go on by themselves, and can be stopped."""

import pytest
from playwright.sync_api import Route, expect

from redisched.client.scheduler import Scheduler
from tests.cli.workshop import Workshop
from tests.web.page.conftest import OpenTab
from tests.web.page.tab import apart

pytestmark = pytest.mark.measured


@pytest.fixture(autouse=True)
def _small_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("reading.tasks", "reading.dead", "acting.on_tasks"):
        monkeypatch.setattr(f"redisched.web.{module}.LOOKS", 100)


def fill(tasks: Scheduler) -> None:
    """Many tasks, of which the last alone is of a handler."""
    tasks.enqueue_many([tasks.request("add", number) for number in range(450)])
    tasks.enqueue("rare", id="the-last", priority=9)


def test_a_search_goes_on_until_it_has_looked_at_all(open_tab: OpenTab, own_shop: str, tasks: Scheduler) -> None:
    apart(lambda: fill(tasks))
    tab = open_tab(own_shop)
    tab.open("#/tasks?filter=name%3Arare", "Tasks")
    expect(tab.row("the-last")).to_be_visible()
    expect(tab.page.locator(".searched")).to_have_text("This took a look at 451 tasks. Look again")
    asked = [url for url in tab.requested if "/api/v1/tasks" in url]
    assert len(asked) >= 5
    apart(lambda: tasks.enqueue("rare", id="another", priority=9))
    tab.click("Look again")
    expect(tab.row("another")).to_be_visible()


def test_a_search_says_how_far_it_is_and_can_be_stopped(open_tab: OpenTab, own_shop: str, tasks: Scheduler) -> None:
    apart(lambda: fill(tasks))
    tab = open_tab(own_shop)
    held: list[Route] = []
    tab.page.route("**/api/v1/tasks?*after=*", lambda route: held.append(route))  # noqa: PLW0108 - Playwright cannot call a method of a list
    tab.open("#/tasks?filter=name%3Arare", "Tasks")
    far = tab.page.locator(".searched")
    expect(far).to_contain_text("Looked at 100 of about 451, going on…")
    tab.click("Stop")
    expect(far).to_contain_text("Stopped after a look at 100 of about 451.")
    tab.page.unroute_all(behavior="ignoreErrors")
    tab.click("Go on")
    expect(tab.row("the-last")).to_be_visible()
    expect(far).to_contain_text("451 tasks")


def test_groups_of_dead_tasks_grow_until_all_are_in_them(
    open_tab: OpenTab, own_shop: str, tasks: Scheduler, workshop: Workshop
) -> None:
    def let_die() -> None:
        for _ in range(230):
            tasks.enqueue("add")
            workshop.bury(workshop.claim())

    apart(let_die)
    tab = open_tab(own_shop)
    tab.open("#/dead", "Dead")
    expect(tab.page.locator("tbody tr")).to_have_count(1)
    expect(tab.page.locator("tbody th")).to_have_text("230")
    expect(tab.page.locator(".searched")).to_contain_text("230 tasks")


def test_what_an_action_will_touch_is_counted_to_the_end(open_tab: OpenTab, own_shop: str, tasks: Scheduler) -> None:
    apart(lambda: fill(tasks))
    tab = open_tab(own_shop)
    tab.open("#/tasks?filter=name%3Aadd", "Tasks")
    expect(tab.page.locator("tbody tr")).to_have_count(50)
    tab.page.get_by_role("button", name="Cancel").first.click()
    expect(tab.page.get_by_role("dialog")).to_contain_text("It will touch 450 tasks.")
