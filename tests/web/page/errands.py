"""Errands that people come to the dashboard for, each with the clicks that it may take from the opening of the page."""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import expect

from tests.web.page.tab import Tab

_COUNT_CLICKS = """
window.clicks = [];
addEventListener("click", (event) => {
  if (event.isTrusted && event.detail > 0) clicks.push(event.target.textContent.trim());
}, true);
"""
NEWEST = "charge-5"
"""The task of the shop that died last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What somebody wants to know or to do, how it is done, and in how many clicks at most."""

    name: str
    clicks: int
    run: Callable[[Tab], None]


def count_clicks(tab: Tab) -> None:
    """Count the clicks of the mouse from the next opening of the page on."""
    tab.page.add_init_script(_COUNT_CLICKS)


def clicks_of(tab: Tab) -> list[str]:
    """What was clicked since the page was opened."""
    found: list[str] = tab.page.evaluate("window.clicks")
    return found


def read_newest_traceback(tab: Tab) -> None:
    tab.open("", "Overview")
    tab.page.get_by_role("link", name="Tasks", exact=False).first.click()
    tab.page.get_by_role("navigation", name="States").get_by_role("link", name="dead").click()
    expect(tab.page.locator("tbody tr")).to_have_count(6)
    tab.page.locator("tbody tr").first.get_by_role("link").click()
    expect(tab.page.locator(".task-head .id")).to_have_text(NEWEST)
    expect(tab.page.locator("pre").first).to_contain_text("raise TimeoutError")


def retry_all_of_one_error(tab: Tab) -> None:
    tab.open("", "Overview")
    tab.page.get_by_role("navigation", name="Screens").get_by_role("link", name="Dead").click()
    tab.row("TimeoutError").get_by_role("button", name="Retry").click()
    tab.page.get_by_role("button", name="Retry: 3 tasks").click()
    expect(tab.page.locator(".toast")).to_contain_text("Retry: 3 tasks")


def ask_why_a_task_waits(tab: Tab) -> None:
    tab.open("", "Overview")
    tab.press("/")
    expect(tab.page.locator("#search")).to_be_focused()
    tab.page.keyboard.type("charge-again")
    tab.press("Enter")
    tab.sees("The task has failed in 2 attempts")


def stop_a_worker(tab: Tab) -> None:
    tab.open("", "Overview")
    tab.page.get_by_role("navigation", name="Screens").get_by_role("link", name="Workers").click()
    tab.row("web-3:4121").get_by_role("button", name="Stop").click()
    expect(tab.page.locator(".toast")).to_contain_text("Stop: 1 worker")


def pause_a_queue(tab: Tab) -> None:
    tab.open("", "Overview")
    tab.page.get_by_role("region", name="Queues").locator("tr", has_text="mail").get_by_role(
        "button", name="Pause"
    ).click()
    expect(tab.page.locator(".toast")).to_contain_text("Pause queue")


def see_what_slowed_down(tab: Tab) -> None:
    tab.open("", "Overview")
    tab.sees("payments.charge slowed down")
    expect(tab.page.locator(".plot canvas")).to_be_visible()


ERRANDS = (
    Errand(name="the traceback of the newest dead task", clicks=3, run=read_newest_traceback),
    Errand(name="retry all dead tasks of one error", clicks=3, run=retry_all_of_one_error),
    Errand(name="why a task is not running", clicks=1, run=ask_why_a_task_waits),
    Errand(name="stop a worker gently", clicks=2, run=stop_a_worker),
    Errand(name="pause a queue", clicks=2, run=pause_a_queue),
    Errand(name="what slowed down in the last hour", clicks=0, run=see_what_slowed_down),
)
