"""Texts that other programs wrote into Redis are shown as texts, and cannot run, hide or turn anything around."""

import ast
import json

import pytest
from playwright.sync_api import expect

from redisched.client.scheduler import Scheduler
from redisched.codec import digest_of, encode_failure, encode_task, fingerprint_suffix_of
from redisched.model import DeathReason, Failure, Keep, TaskBody
from redisched.progress import Progress, encode_lines, encode_progress
from redisched.store.audit import AuditEntry, note
from redisched.store.operation import run
from redisched.store.report import Report
from redisched.store.values import Bury, NewTask, Renewal
from tests.cli.workshop import Workshop
from tests.web.page.conftest import OpenTab
from tests.web.page.shop import introduce
from tests.web.page.tab import Tab, apart

pytestmark = pytest.mark.measured

EVIL = '<img src=x onerror="window.evil=1"><script>window.evil=1</script>${window.evil=1}\u202eevil\u200b\x1b[31m'
ID = "<b>it</b>\"'&%2F/../?#"
LONG = "x" * 5_000
SHOWN = (
    ("#/", "Overview", "1 task is dead"),
    ("#/tasks?filter=state%3Aany", "Tasks", "\\u202eevil"),
    ("#/task/told", "Task", "\\u202eevil"),
    ("#/task/ended", "Task", "\\u202eevil"),
    ("#/dead", "Dead", "<img src=x"),
    ("#/workers", "Workers", "<img src=x"),
    ("#/audit", "Audit", "<img src=x"),
    ("#/schedules", "Schedules", "every 1 minute 30 seconds"),
)
ADDRESSES = ("#/%zz", "#/task/%zz", "#/tasks?filter=%22", "#/tasks?after=x", "#/__proto__", "#/constructor/x?x=%00")


def fill_with_evil(tasks: Scheduler) -> None:
    """Hostile texts in every field that anybody can write."""
    workshop = Workshop(tasks.broker, "default")
    given = {
        EVIL: EVIL,
        "deep": [[[EVIL]]],
        "__proto__": EVIL,
        "constructor": {"prototype": 1},
        "big": 2**63 - 1,
        "long": LONG,
    }
    body = encode_task(TaskBody(name=EVIL, args=[EVIL], kwargs=given, headers={EVIL: EVIL}), 1 << 20)
    record = digest_of(body, fingerprint_suffix_of(5, "+0")) + body
    workshop.add(NewTask(ID, 5, "+0", record))
    lease = workshop.claim()
    failure = Failure(
        name=EVIL,
        error=EVIL + LONG,
        traceback=EVIL,
        attempt=1,
        worker=EVIL,
        reason=DeathReason.ATTEMPTS,
        failed_ms=2**53,
    )
    workshop.do(workshop.store.bury([Bury(lease.id, lease.token, encode_failure(failure))]))
    tasks.enqueue("told", id="told")
    lease = workshop.claim()
    workshop.do(workshop.store.renew(600_000, [Renewal(lease.id, lease.token, 1)]))
    told = encode_progress(Progress(done=1, total=3, note=EVIL))
    workshop.do(workshop.store.report([Report(lease.id, lease.token, 0, 1, told, b"".join(encode_lines(EVIL, 1, 1)))]))
    tasks.enqueue("ended", id="ended", keep=Keep.TASK)
    workshop.succeed(workshop.claim(), {EVIL: [EVIL, LONG]}, Keep.TASK)
    tasks.schedules.add("evil", "report", every="90s", args=(EVIL,))
    entry = AuditEntry(
        event=EVIL,
        action_id=EVIL,
        action=EVIL,
        who=EVIL,
        role=EVIL,
        address=EVIL,
        target=json.dumps({"ids": [EVIL, LONG], "queue": EVIL}),
        arguments=EVIL,
        count="1",
        outcomes=json.dumps({EVIL: EVIL}),
        error=EVIL,
    )
    run(note(tasks.broker.script_runner, entry), tasks.broker.client())
    introduce(tasks, f"{EVIL}:7", queues=(EVIL, LONG), slots=10_000, busy=9_000, state=EVIL)


def assert_harmless(tab: Tab) -> None:
    assert tab.page.evaluate("window.evil") is None
    assert tab.page.locator("#page img, #page script, #page b b, #page i i").count() == 0
    assert "\u202e" not in tab.page.inner_text("body")
    assert "\x1b" not in tab.page.inner_text("body")
    tab.check_width()
    tab.page.set_viewport_size({"width": 390, "height": 800})
    tab.check_width()


def test_hostile_texts_are_shown_as_texts(open_tab: OpenTab, own_shop: str, tasks: Scheduler) -> None:
    apart(lambda: fill_with_evil(tasks))
    tab = open_tab(own_shop)
    for path, title, text in SHOWN:
        tab.page.set_viewport_size({"width": 1280, "height": 800})
        tab.open(path, title)
        tab.sees(text)
        assert_harmless(tab)


def test_a_task_with_hostile_texts_is_found_shown_and_copied(
    open_tab: OpenTab, own_shop: str, tasks: Scheduler
) -> None:
    apart(lambda: fill_with_evil(tasks))
    tab = open_tab(own_shop)
    tab.open("#/tasks?filter=state%3Adead", "Tasks")
    tab.row("<b>it</b>").get_by_role("link").click()
    expect(tab.page.locator("h1")).to_have_text("Task")
    expect(tab.page.locator(".task-head .id")).to_have_text(ID)
    tab.sees("9223372036854775807")
    tab.press("y")
    tab.sees("copied")
    copied = tab.page.evaluate("navigator.clipboard.readText()")
    assert '"big": 9223372036854775807' in copied
    call = ast.parse(copied, mode="eval").body
    assert isinstance(call, ast.Call)
    assert [ast.literal_eval(given) for given in call.args] == [EVIL, EVIL]
    (kwargs,) = [ast.literal_eval(given.value) for given in call.keywords if given.arg == "kwargs"]
    assert kwargs == {
        EVIL: EVIL,
        "deep": [[[EVIL]]],
        "__proto__": EVIL,
        "constructor": {"prototype": 1},
        "big": 2**63 - 1,
        "long": LONG,
    }
    assert_harmless(tab)


def test_a_hostile_address_ends_in_a_sentence(open_tab: OpenTab, own_shop: str) -> None:
    tab = open_tab(own_shop)
    tab.allowed = ("400", "404")
    for address in ADDRESSES:
        tab.open()
        tab.sees("There is no queue yet")
        tab.open(address)
        expect(tab.page.locator(".problem, .empty-state").first).to_be_visible()
        assert_harmless(tab)


@pytest.mark.parametrize("width", [390, 1280])
def test_a_long_name_leaves_room_for_what_stands_beside_it(
    open_tab: OpenTab, own_shop: str, tasks: Scheduler, width: int
) -> None:
    apart(lambda: tasks.enqueue("add", queue="q" * 100))
    tab = open_tab(own_shop, width)
    tab.open("#/", "Overview")
    why = tab.page.locator("td", has_text="No live worker serves queue")
    expect(why).to_be_visible()
    box = why.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= width
    assert box["width"] > width / 4
