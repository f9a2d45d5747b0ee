"""What can be done to a queue as a whole, and to the times of tasks; and that it is seen who did it."""

import time

import pytest
from playwright.sync_api import expect

from redisched.client.scheduler import Scheduler
from redisched.store.inspect import Inspector
from redisched.store.operation import run
from redisched.web.acting import actions
from tests.web.page.conftest import OpenTab
from tests.web.page.tab import Tab, apart
from tests.web.page.test_actions_of_page import done, state_of

pytestmark = [pytest.mark.measured, pytest.mark.usefixtures("short_undo")]
HOUR_MS = 3_600_000


def enqueue(tasks: Scheduler, number: int, queue: str = "mail", delay: float = 0) -> None:
    apart(lambda: [tasks.enqueue("add", queue=queue, id=f"{queue}-{at}", delay=delay) for at in range(number)])


def offer(tab: Tab, queue: str) -> None:
    """Open what can be done to a queue, and wait until it has the focus."""
    tab.open("#/", "Overview")
    tab.page.get_by_role("button", name=f"More for queue {queue}").click()
    expect(tab.page.get_by_role("dialog")).to_contain_text(f"Queue {queue}")
    expect(tab.page.get_by_role("dialog").get_by_role("button", name="Pause", exact=True)).to_be_focused()


def test_a_queue_is_purged_after_its_number_was_said(open_tab: OpenTab, own_shop: str, tasks: Scheduler) -> None:
    enqueue(tasks, 7)
    enqueue(tasks, 2, "sms")
    tab = open_tab(own_shop)
    offer(tab, "mail")
    tab.check_access()
    tab.click("Purge…")
    tab.sees("It will touch 7 tasks.")
    tab.check_access()
    tab.click("Purge queue: 7 tasks")
    done(tab, "7 deleted")
    assert apart(lambda: (tasks.count(queue="mail"), tasks.count(queue="sms"))) == (0, 2)


def test_a_purge_is_undone_within_its_seconds(
    open_tab: OpenTab, own_shop: str, tasks: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "UNDO_S", 60)
    enqueue(tasks, 3)
    tab = open_tab(own_shop)
    offer(tab, "mail")
    tab.click("Purge…")
    tab.click("Purge queue: 3 tasks")
    expect(tab.page.locator(".toast .left")).to_have_text("60 s")
    tab.click("Undo")
    done(tab, "undone, nothing was changed")
    assert apart(lambda: tasks.count(queue="mail")) == 3


def test_a_queue_is_drained(open_tab: OpenTab, own_shop: str, tasks: Scheduler) -> None:
    enqueue(tasks, 2)
    tab = open_tab(own_shop)
    offer(tab, "mail")
    tab.click("Drain…")
    tab.click("Drain queue: 2 tasks")
    done(tab, "under way")
    apart(lambda: [tasks.ref(f"mail-{at}").cancel() for at in range(2)])
    done(tab, "1 drained")


def test_a_queue_is_paused_for_an_hour(open_tab: OpenTab, own_shop: str, tasks: Scheduler) -> None:
    enqueue(tasks, 1)
    tab = open_tab(own_shop)
    offer(tab, "mail")
    tab.press("Tab")
    expect(tab.page.get_by_role("button", name="Pause for 1 hour…")).to_be_focused()
    tab.press("Enter")
    tab.sees("It is paused for 1 h.")
    tab.press("Enter")
    done(tab, "1 paused")
    pause = apart(lambda: tasks.queue("mail").paused())
    assert pause is not None
    assert pause.until_ms == pytest.approx(pause.since_ms + HOUR_MS)


def test_a_queue_is_paused_and_resumed_on_a_phone(open_tab: OpenTab, own_shop: str, tasks: Scheduler) -> None:
    enqueue(tasks, 1)
    tab = open_tab(own_shop, width=390)
    offer(tab, "mail")
    tab.check_tables()
    tab.press("Enter")
    done(tab, "1 paused")
    # What is offered goes by what the row shows.
    expect(tab.page.get_by_role("region", name="Queues").locator("tbody tr", has_text="mail")).to_contain_text("paused")
    tab.page.get_by_role("button", name="More for queue mail").click()
    tab.page.get_by_role("dialog").get_by_role("button", name="Resume").click()
    done(tab, "1 resumed")
    assert apart(lambda: tasks.queue("mail").paused()) is None


def test_the_offers_are_closed_by_a_key_and_the_focus_goes_back(
    open_tab: OpenTab, own_shop: str, tasks: Scheduler
) -> None:
    enqueue(tasks, 1)
    tab = open_tab(own_shop)
    offer(tab, "mail")
    tab.press("Escape")
    expect(tab.page.get_by_role("dialog")).to_have_count(0)
    expect(tab.page.get_by_role("button", name="More for queue mail")).to_be_focused()


# ---- another time


def run_at_ms(tasks: Scheduler, id: str) -> int:
    look = Inspector(tasks.broker.script_runner, "mail").task(id)
    view = apart(lambda: run(look, tasks.broker.client()))
    assert view is not None
    assert view.run_at_ms is not None
    return view.run_at_ms


def test_a_task_gets_another_time_from_now_on(open_tab: OpenTab, own_shop: str, tasks: Scheduler) -> None:
    enqueue(tasks, 1, delay=60)
    tab = open_tab(own_shop)
    tab.open("#/task/mail-0", "Task")
    tab.sees("Run now")
    tab.press("t")
    tab.check_access()
    tab.page.get_by_role("spinbutton").fill("3")
    tab.page.get_by_label("Unit").select_option("hours")
    tab.click("Count")
    tab.sees("New time: 3 h after it begins.")
    tab.press("Enter")
    done(tab, "1 changed")
    assert run_at_ms(tasks, "mail-0") > 1_000 * time.time() + 2 * HOUR_MS


def test_all_that_match_get_another_time(open_tab: OpenTab, own_shop: str, tasks: Scheduler) -> None:
    enqueue(tasks, 3, delay=60)
    tab = open_tab(own_shop)
    tab.open("#/tasks?filter=queue%3Amail", "Tasks")
    tab.click("Reschedule…")
    tab.page.get_by_label("or at, in the time zone of this browser").fill("2037-01-31T09:30")
    tab.sees("2037-01-31 09:30:00.000 UTC")
    tab.click("Count")
    tab.sees("It will touch 3 tasks.")
    tab.sees("New time: 2037-01-31 09:30:00.000 UTC.")
    tab.press("Enter")
    done(tab, "3 changed")
    assert run_at_ms(tasks, "mail-2") == 2_117_007_000_000


def test_a_time_that_cannot_be_is_not_asked_for(open_tab: OpenTab, own_shop: str, tasks: Scheduler) -> None:
    enqueue(tasks, 1, delay=60)
    tab = open_tab(own_shop)
    tab.open("#/task/mail-0", "Task")
    tab.click("Reschedule…")
    for wrong in ("", "-1", "999999999"):
        tab.page.get_by_role("spinbutton").fill(wrong)
        expect(tab.page.get_by_role("button", name="Count")).to_be_disabled()
    tab.press("Escape")
    assert state_of(tasks, "mail-0") == "scheduled"


# ---- who did what


def test_what_was_done_is_shown_with_who_did_it(open_tab: OpenTab, own_shop: str, tasks: Scheduler) -> None:
    enqueue(tasks, 2)
    tab = open_tab(own_shop)
    tab.open("#/", "Overview")
    tab.sees("Nobody did anything by way of this page yet")
    tab.page.get_by_role("button", name="Pause", exact=True).click()
    done(tab, "1 paused")
    row = tab.page.get_by_role("region", name="Who did what").locator("tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("local")
    expect(row).to_contain_text("Pause queue: 2 waiting tasks")
    expect(row).to_contain_text("done: 1 paused")
    tab.page.get_by_role("link", name="all", exact=True).click()
    expect(tab.page.locator("h1")).to_have_text("Audit")
    expect(row).to_contain_text("Pause queue: 2 waiting tasks")
    tab.check_access()
