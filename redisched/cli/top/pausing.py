"""Pauses and resumes the queue of a line, once somebody has said yes."""

from collections.abc import Callable

from textual.screen import Screen

from redisched.cli.pause_text import pause_text
from redisched.cli.top.context import TopContext
from redisched.cli.top.dialogs import Question
from redisched.cli.top.readings import QueueLine
from redisched.cli.top.texts import steady
from redisched.counted import counted
from redisched.errors import RedischedError


async def ask_to_change_pause(
    screen: Screen[None], context: TopContext, line: QueueLine, then: Callable[[], None]
) -> None:
    """Ask, then pause the queue, or resume it if it is paused, and call `then`. What fails is said."""
    if not context.may_change:
        screen.notify("This view was started with --read-only.", severity="warning", markup=False)
        return
    if not await screen.app.push_screen_wait(_question(line)):
        return
    change, done = (context.keyspace.resume, "resumed") if line.is_paused else (context.keyspace.pause, "paused")
    try:
        await change(line.name)
    except RedischedError as error:
        screen.notify(steady(str(error)), severity="error", markup=False)
        return
    screen.notify(f"{steady(line.name)} is {done}.", markup=False)
    then()


def _question(line: QueueLine) -> Question:
    name = steady(line.name)
    ready = counted(line.counts.ready if line.counts else 0, "task is", "tasks are")
    leased = line.counts.leased if line.counts else 0
    if line.is_paused:
        since = pause_text(line.pauses, line.counts.now_ms if line.counts else 0)
        sentences = [
            f"It is paused: {steady(since or '')}.",
            f"Workers take its tasks again within a second; {ready} ready.",
        ]
        return Question(f"Resume {name}?", sentences, "resume it")
    sentences = [
        "Workers take none of its tasks until it is resumed.",
        *([f"They finish {counted(leased, 'task')} that they have already."] if leased else []),
        f"Tasks can still be enqueued, and wait; {ready} ready.",
    ]
    return Question(f"Pause {name}?", sentences, "pause it")
