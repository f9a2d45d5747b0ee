"""The page follows what happens, rests while nobody sees it, and comes back by itself; keys and themes."""

import socket

import pytest
from playwright.sync_api import expect

from redisched.client.scheduler import Scheduler
from redisched.web.app import create_app
from tests.web.page.conftest import OpenTab
from tests.web.page.tab import apart
from tests.web.served import serving

pytestmark = pytest.mark.measured


def test_numbers_follow_what_happens(open_tab: OpenTab, own_shop: str, tasks: Scheduler) -> None:
    tab = open_tab(own_shop)
    tab.open("#/", "Overview")
    tab.sees("There is no queue yet")
    apart(lambda: [tasks.enqueue("add", queue="mail") for _ in range(1_234)])
    expect(tab.page.locator(".tile b").first).to_have_text("1,234")
    queues = tab.page.get_by_role("region", name="Queues")
    expect(queues.locator("tr", has_text="mail").locator("td").first).to_have_text("1,234")
    tab.sees("No live worker serves queue mail")


def test_a_lost_connection_is_shown_and_comes_back(open_tab: OpenTab, tasks: Scheduler) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with serving(create_app(tasks), port) as served:
        tab = open_tab(f"http://{served.host}:{port}")
        tab.allowed = ("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED", "ERR_CONNECTION_RESET", "network")
        tab.open("#/", "Overview")
        expect(tab.page.locator(".live")).to_have_text("live")
    expect(tab.page.locator(".live.lost")).to_contain_text("last update")
    with serving(create_app(tasks), port):
        expect(tab.page.locator(".live")).to_have_text("live", timeout=20_000)
        apart(lambda: tasks.enqueue("add", queue="mail"))
        tab.sees("No live worker serves queue mail")


def test_a_page_that_is_not_seen_asks_nothing(open_tab: OpenTab, own_shop: str) -> None:
    tab = open_tab(own_shop)
    tab.open("#/", "Overview")
    expect(tab.page.locator(".live")).to_have_text("live")
    hide = (
        "Object.defineProperty(document, 'visibilityState', {value: '%s', configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    tab.page.evaluate(hide % "hidden")
    expect(tab.page.locator(".live")).to_have_text("paused")
    tab.page.evaluate(hide % "visible")
    expect(tab.page.locator(".live")).to_have_text("live")


def test_keys_lead_everywhere(open_tab: OpenTab, full_shop: str) -> None:
    tab = open_tab(full_shop)
    tab.open("#/", "Overview")
    tab.sees("No live worker serves queue thumbnails")
    for keys, title in (
        (("g", "t"), "Tasks"),
        (("g", "d"), "Dead"),
        (("g", "w"), "Workers"),
        (("g", "s"), "Schedules"),
        (("g", "o"), "Overview"),
    ):
        tab.press(*keys)
        expect(tab.page.locator("h1")).to_have_text(title)
    expect(tab.page.get_by_role("region", name="Queues").locator("tbody tr")).to_have_count(7)
    tab.press("g", "q", "j", "j")
    expect(tab.page.locator("tr.current")).to_contain_text("exports")
    tab.press("k", "Enter")
    expect(tab.page.locator("#filter")).to_have_value("queue:default")
    tab.press("?")
    expect(tab.page.get_by_role("dialog")).to_contain_text("undo the latest action")
    tab.check_access()
    tab.press("Escape")
    tab.press("Control+k")
    expect(tab.page.get_by_role("combobox", name="Go to")).to_be_focused()
    tab.page.keyboard.type("work")
    tab.check_access()
    tab.press("Enter")
    expect(tab.page.locator("h1")).to_have_text("Workers")


def test_the_theme_can_be_chosen_and_is_kept(open_tab: OpenTab, full_shop: str) -> None:
    tab = open_tab(full_shop, theme="dark")
    tab.open("#/workers", "Workers")
    dark = "getComputedStyle(document.body).backgroundColor"
    assert tab.page.evaluate(dark) == "rgb(14, 17, 20)"
    tab.click("light or dark")
    assert tab.page.evaluate(dark) == "rgb(246, 247, 249)"
    tab.page.reload()
    tab.sees("web-3:4121")
    assert tab.page.evaluate(dark) == "rgb(246, 247, 249)"
