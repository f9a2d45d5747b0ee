"""Names, ids, errors and whatever else other programs wrote cannot leave their cells, nor reach the terminal."""

import pytest
from rich.cells import cell_len

from redisched.client.scheduler import Scheduler
from redisched.codec import encode_task
from redisched.model import TaskBody
from redisched.redaction import Redactor
from redisched.store.operation import run
from redisched.store.presence import Deployment, Presence, ToldTask, digest_of
from redisched.store.roster import Roster
from tests.cli.top.viewer import SMALL, WIDE, Viewer, view
from tests.cli.workshop import Workshop
from tests.hostile.stored import store_bodies

HOSTILE = [
    "\x1b[2J\x1b[1;1Howned",
    "\x1b]0;title\x07",
    "two\nlines\rand\ttabs",
    "\u202eesrever",
    "\u2066isolated",
    "\u05e9\u05dc\u05d5\u05dd",
    "\u65e5\u672c\u8a9e\u306e\u540d\u524d\u304c\u9577\u3044\u65e5\u672c\u8a9e\u306e\u540d\u524d",
    "e\u0301e\u0301",
    "\u2600\ufe0f",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\U0001f1e9\U0001f1ea",
    "\u1112\u1161\u11ab",
    "[bold red]markup[/]",
    "[/]",
    "$(reboot)",
    "x" * 5_000,
]
FORBIDDEN = {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))} | {"\u202e", "\u2066", "\ufe0f", "\u200d"}


def check(viewer: Viewer) -> None:
    """Raises AssertionError if a line is not as wide as the screen, or has what a terminal would obey."""
    for line in viewer.lines():
        assert cell_len(line) == viewer.app.size.width, ascii(line)
        assert not FORBIDDEN & set(line), ascii(line)


def introduce(tasks: Scheduler, hostile: str) -> None:
    serves = Deployment(version=hostile, app_version=hostile, queues=(hostile,), handlers=(hostile,)).encode()
    presence = Presence(
        host=hostile,
        state=hostile,
        slots=1,
        busy=1,
        deployment=digest_of(serves),
        live_ms=600_000,
        running=(ToldTask(hostile, hostile, hostile, 0),),
        window=(ToldTask("next", hostile, hostile, 2**62),),
    ).encode()
    roster = Roster(tasks.broker.script_runner)
    run(roster.introduce(hostile, presence, digest_of(serves), serves, 600_000), tasks.broker.client())


@pytest.mark.parametrize("size", [SMALL, WIDE, (30, 12)], ids=str)
def test_hostile_names_stay_in_their_cells(tasks: Scheduler, size: tuple[int, int]) -> None:
    for hostile in HOSTILE:
        tasks.broker.client().perform(("SADD", "redisched:queues", hostile))
        introduce(tasks, hostile)

    async def scenario(viewer: Viewer) -> None:
        await viewer.until(lambda: "$(reboot)" in viewer.text(), "the queues are there")
        check(viewer)
        for _ in HOSTILE:
            await viewer.press("j")
            check(viewer)
        await viewer.press("tab")
        for _ in HOSTILE:
            await viewer.press("j")
            check(viewer)

    view(tasks, scenario, size)


def test_hostile_tasks_stay_on_their_pages(tasks: Scheduler) -> None:
    bodies = [encode_task(TaskBody(one, [one], {one: one}, headers={one: one}), 100_000) for one in HOSTILE]
    ids = store_bodies(tasks.broker, bodies)
    workshop = Workshop(tasks.broker, "default")
    workshop.do(workshop.store.register())
    for hostile in HOSTILE:
        workshop.bury(workshop.claim(), error=hostile, traceback=hostile)

    async def scenario(viewer: Viewer) -> None:
        await viewer.sees("default")
        await viewer.press("enter")
        await viewer.sees("dead 16", ids[0], ids[-1])
        for _ in ids:
            check(viewer)
            await viewer.press("enter")
            await viewer.sees("attempts used up")
            check(viewer)
            await viewer.press("escape")
            await viewer.sees("dead 16")
            await viewer.press("j")

    view(tasks, scenario)


def test_a_task_that_cannot_be_decoded_says_so(tasks: Scheduler) -> None:
    (task_id,) = store_bodies(tasks.broker, [b"\xc1 no message pack"])
    workshop = Workshop(tasks.broker, "default")
    workshop.do(workshop.store.register())

    async def scenario(viewer: Viewer) -> None:
        await viewer.press("slash", *task_id, "enter")
        await viewer.sees("undecodable", task_id)
        check(viewer)

    view(tasks, scenario)


def test_names_on_the_command_line_hide_arguments(tasks: Scheduler) -> None:
    tasks.enqueue("add", kwargs={"iban": "DE02", "password": "hunter2", "amount": 7}, id="it")

    async def scenario(viewer: Viewer) -> None:
        await viewer.press("slash", *"it", "enter")
        await viewer.sees('iban="[redacted]"', 'password="[redacted]"', "amount=7")

    view(tasks, scenario, redactor=Redactor(("iban",)))
