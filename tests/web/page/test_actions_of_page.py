"""What can be done on the page: how many it touches is said before, and for ten seconds it can be undone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from redisched.client.scheduler import Scheduler
from redisched.model import TaskState
from redisched.web.access import Access, AccessToken, Role
from redisched.web.acting import actions
from redisched.web.app import create_app
from tests.cli.workshop import Workshop
from tests.web.api import READER, SECRET
from tests.web.page.conftest import OpenTab
from tests.web.page.shop import introduce
from tests.web.page.tab import Tab, apart
from tests.web.served import serving

pytestmark = [pytest.mark.measured, pytest.mark.usefixtures("short_undo")]


@pytest.fixture
def dead_tasks(tasks: Scheduler, workshop: Workshop) -> None:
    def kill() -> None:
        for number in range(3):
            tasks.enqueue("payments.charge", number, id=f"charge-{number}")
            workshop.bury(workshop.claim(), error=f"TimeoutError: order {number}")

    apart(kill)


def state_of(tasks: Scheduler, id: str) -> TaskState:
    return apart(lambda: tasks.ref(id).status())


def done(tab: Tab, text: str) -> None:
    """Wait for the note that an action has ended."""
    expect(tab.page.locator(".toast", has_text=text)).to_be_visible()


# ---- tasks


@pytest.mark.parametrize(
    ("button", "outcome", "state"),
    [("Retry", "3 replayed", TaskState.READY), ("Discard", "3 discarded", TaskState.CANCELLED)],
)
def test_a_group_of_dead_tasks_is_retried_or_discarded(
    open_tab: OpenTab, own_shop: str, tasks: Scheduler, dead_tasks: None, button: str, outcome: str, state: TaskState
) -> None:
    tab = open_tab(own_shop)
    tab.open("#/dead", "Dead")
    tab.row("TimeoutError").get_by_role("button", name=button).click()
    tab.sees("It will touch 3 tasks.")
    tab.check_access()
    tab.press("Enter")
    done(tab, outcome)
    tab.sees("No task is dead")
    assert {state_of(tasks, f"charge-{number}") for number in range(3)} == {state}


def test_an_action_is_undone_within_its_seconds(
    open_tab: OpenTab, own_shop: str, tasks: Scheduler, dead_tasks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "UNDO_S", 60)
    tab = open_tab(own_shop)
    tab.open("#/tasks?filter=state%3Adead", "Tasks")
    tab.click("Discard…")
    tab.click("Discard: 3 tasks")
    expect(tab.page.locator(".toast .left")).to_have_text("60 s")
    tab.press("u")
    done(tab, "undone, nothing was changed")
    assert state_of(tasks, "charge-0") is TaskState.DEAD


def test_selected_tasks_are_acted_on_by_keys(
    open_tab: OpenTab, own_shop: str, tasks: Scheduler, dead_tasks: None
) -> None:
    tab = open_tab(own_shop)
    tab.open("#/tasks?filter=state%3Adead", "Tasks")
    expect(tab.page.locator("tbody tr")).to_have_count(3)
    tab.press("j", "x", "j", "x")
    tab.sees("2 selected:")
    tab.press("r")
    tab.sees("It will touch 2 tasks.")
    tab.press("Enter")
    done(tab, "2 replayed")
    expect(tab.page.locator("tbody tr")).to_have_count(1)
    assert state_of(tasks, "charge-0") is TaskState.DEAD


def test_all_that_match_are_acted_on(open_tab: OpenTab, own_shop: str, tasks: Scheduler) -> None:
    def enqueue() -> None:
        for number in range(60):
            tasks.enqueue("mail.send", number, id=f"mail-{number}", delay=3_600)
        tasks.enqueue("other", id="other", delay=3_600)

    apart(enqueue)
    tab = open_tab(own_shop)
    tab.open("#/tasks?filter=name%3Amail.send", "Tasks")
    tab.click("Cancel…")
    tab.sees("It will touch 60 tasks.")
    tab.sees("name:mail.send")
    tab.click("Cancel: 60 tasks")
    done(tab, "60 cancelled")
    assert (state_of(tasks, "mail-59"), state_of(tasks, "other")) == (TaskState.CANCELLED, TaskState.SCHEDULED)


@pytest.mark.parametrize(
    ("key", "outcome", "holds"),
    [
        ("r", "1 changed", lambda tasks: tasks.ref("it").status() is TaskState.READY),
        ("c", "1 cancelled", lambda tasks: tasks.ref("it").status() is TaskState.CANCELLED),
    ],
)
def test_a_task_is_run_now_or_cancelled_by_a_key(
    open_tab: OpenTab, own_shop: str, tasks: Scheduler, key: str, outcome: str, holds: Callable[[Scheduler], bool]
) -> None:
    apart(lambda: tasks.enqueue("add", id="it", delay=3_600))
    tab = open_tab(own_shop)
    tab.open("#/task/it", "Task")
    tab.sees("Run now")
    tab.press(key)
    done(tab, outcome)
    assert apart(lambda: holds(tasks))


def test_the_priority_of_a_task_is_changed(open_tab: OpenTab, own_shop: str, tasks: Scheduler) -> None:
    apart(lambda: tasks.enqueue("add", id="it", delay=3_600))
    tab = open_tab(own_shop)
    tab.open("#/task/it", "Task")
    tab.sees("Run now")
    tab.press("e")
    tab.page.get_by_role("spinbutton").fill("999")
    expect(tab.page.get_by_role("button", name="Count")).to_be_disabled()
    tab.page.get_by_role("spinbutton").fill("0")
    tab.press("Enter")
    tab.sees("New priority: 0.")
    tab.press("Enter")
    done(tab, "1 changed")
    tab.sees("priority 0")


_NOTE_FOCUS = """
window.focused = [];
new MutationObserver((changes) => {
  for (const { addedNodes } of changes)
    for (const node of addedNodes)
      if (node.querySelector?.("[role=dialog]")) focused.push(node.contains(document.activeElement));
}).observe(document.body, { childList: true, subtree: true });
"""


def test_a_dialog_that_is_seen_has_the_focus(open_tab: OpenTab, own_shop: str, tasks: Scheduler) -> None:
    """The observer runs before the browser paints what has changed: no key that follows a look can be lost."""
    apart(lambda: tasks.enqueue("add", id="it", delay=3_600))
    tab = open_tab(own_shop)
    tab.open("#/task/it", "Task")
    tab.sees("Run now")
    tab.page.evaluate(_NOTE_FOCUS)
    tab.press("e")
    tab.page.get_by_role("spinbutton").fill("0")
    tab.press("Enter")
    tab.sees("New priority: 0.")
    steps = tab.page.evaluate("focused")
    assert len(steps) >= 2
    assert all(steps)


# ---- queues, schedules, workers


def test_a_queue_is_paused_and_resumed(open_tab: OpenTab, own_shop: str, tasks: Scheduler) -> None:
    apart(lambda: tasks.enqueue("add", queue="mail"))
    tab = open_tab(own_shop)
    tab.open("#/", "Overview")
    row = tab.page.get_by_role("region", name="Queues").locator("tbody tr", has_text="mail")
    row.get_by_role("button", name="Pause").click()
    done(tab, "1 paused")
    tab.sees("Queue mail is paused")
    row.get_by_role("button", name="Resume").click()
    done(tab, "1 resumed")
    assert apart(lambda: tasks.queue("mail").paused()) is None


def test_a_schedule_is_run_paused_and_resumed(open_tab: OpenTab, own_shop: str, tasks: Scheduler) -> None:
    apart(lambda: tasks.schedules.add("nightly", "report", cron="0 3 * * *", queue="mail"))
    tab = open_tab(own_shop)
    tab.open("#/schedules", "Schedules")
    row = tab.row("nightly")
    steps = (
        ("Run now", "1 enqueued", "active"),
        ("Pause", "1 paused", "paused"),
        ("Resume", "1 resumed", "active"),
    )
    for button, outcome, seen in steps:
        row.get_by_role("button", name=button).click()
        done(tab, outcome)
        expect(row).to_contain_text(seen)
    assert apart(lambda: tasks.count(queue="mail")) == 1


def test_a_worker_is_told_what_to_do(open_tab: OpenTab, own_shop: str, tasks: Scheduler) -> None:
    apart(lambda: introduce(tasks, "desk:7", queues=("mail",), slots=4))
    tab = open_tab(own_shop)
    tab.open("#/workers", "Workers")
    row = tab.row("desk:7")
    for button in ("Quiet", "Recycle", "Stop"):
        row.get_by_role("button", name=button).click()
        done(tab, f"{button}: 1 worker · 1 told")


# ---- who may act


def test_who_may_only_read_is_shown_no_actions(open_tab: OpenTab, tasks: Scheduler, dead_tasks: None) -> None:
    with serving(create_app(tasks, access=Access(role=Role.READER))) as served:
        tab = open_tab(f"http://{served.host}:{served.port}")
        for path, title, text in (
            ("#/dead", "Dead", "TimeoutError"),
            ("#/tasks?filter=state%3Adead", "Tasks", "charge-0"),
        ):
            tab.open(path, title)
            tab.sees(text)
            tab.sees("local, may only read")
            assert tab.page.get_by_role("button", name="Discard").count() == 0


def test_who_is_not_logged_in_is_asked_for_no_token(open_tab: OpenTab, tasks: Scheduler) -> None:
    with serving(create_app(tasks, access=Access(visitor_of=lambda _connection: None))) as served:
        tab = open_tab(f"http://{served.host}:{served.port}")
        tab.allowed = ("401",)
        tab.open("#/dead", "Dead")
        tab.sees("log in at the site")
        expect(tab.page.get_by_role("dialog")).to_have_count(0)


def test_a_token_is_asked_for_and_kept_in_the_tab(open_tab: OpenTab, tasks: Scheduler, dead_tasks: None) -> None:
    tokens = (AccessToken(secret=SECRET), AccessToken(secret=READER, role=Role.READER, name="wall"))
    with serving(create_app(tasks, access=Access(tokens=tokens))) as served:
        tab = open_tab(f"http://{served.host}:{served.port}")
        tab.allowed = ("401",)
        tab.open("#/dead", "Dead")
        tab.sees("This server wants a token")
        tab.check_access()
        for wrong in ("wrong-wrong-wrong-wrong", "wr\u00f6ng \u2603"):
            tab.page.locator("input[type=password]").fill(wrong)
            tab.press("Enter")
            tab.sees("This token is not one that the server was started with")
        tab.page.locator("input[type=password]").fill(READER)
        tab.press("Enter")
        tab.sees("TimeoutError")
        tab.sees("wall, may only read")
        expect(tab.page.get_by_role("dialog")).to_have_count(0)
        tab.page.reload()
        tab.sees("TimeoutError")
        assert READER not in tab.page.url
