"""p pauses a queue and resumes it, after a yes to what it says that it will do."""

from redisched.client.scheduler import Scheduler
from tests.cli.top.viewer import Viewer, view


async def is_paused(tasks: Scheduler, queue: str) -> bool:
    return await tasks.queue(queue).paused_async() is not None


def test_a_queue_is_paused_and_resumed(shop: Scheduler) -> None:
    async def scenario(viewer: Viewer) -> None:
        await viewer.sees("thumbnails")
        await viewer.press("j", "j", "j", "p")
        await viewer.sees("Pause imports?", "Workers take none of its tasks until it is resumed.")
        await viewer.sees("They finish 2 tasks that they have already.", "0 tasks are ready")
        await viewer.press("y")
        await viewer.sees("imports is paused.", "\u2016 imports", "imports: paused ")
        assert await is_paused(shop, "imports")
        await viewer.press("p")
        await viewer.sees("Resume imports?", "It is paused: ")
        await viewer.press("y")
        await viewer.sees("imports is resumed.")
        await viewer.no_more_sees("\u2016 imports")
        assert not await is_paused(shop, "imports")

    view(shop, scenario)


def test_every_answer_but_yes_leaves_the_queue_alone(shop: Scheduler) -> None:
    async def scenario(viewer: Viewer) -> None:
        await viewer.sees("thumbnails")
        for answer in ("n", "escape", "q"):
            await viewer.press("p")
            await viewer.sees("Pause billing?")
            await viewer.press("enter", "space", answer)
            await viewer.no_more_sees("Pause billing?")
        await viewer.press("r")
        assert not await is_paused(shop, "billing")

    view(shop, scenario)


def test_a_queue_is_paused_from_its_own_screen(shop: Scheduler) -> None:
    async def scenario(viewer: Viewer) -> None:
        await viewer.sees("thumbnails")
        await viewer.press("enter")
        await viewer.sees("redisched top  billing", "dead 6")
        await viewer.press("p")
        await viewer.sees("Pause billing?")
        await viewer.press("y")
        await viewer.sees("\u2016 paused ")
        assert await is_paused(shop, "billing")

    view(shop, scenario)


def test_a_view_that_only_reads_changes_nothing(shop: Scheduler) -> None:
    async def scenario(viewer: Viewer) -> None:
        await viewer.sees("thumbnails")
        await viewer.press("p")
        await viewer.sees("started with --read-only")
        assert not await is_paused(shop, "billing")

    view(shop, scenario, may_change=False)


def test_what_cannot_be_paused_is_said(tasks: Scheduler) -> None:
    # No producer of redisched would take this name.
    tasks.broker.client().perform(("SADD", "redisched:queues", "a}b"))

    async def scenario(viewer: Viewer) -> None:
        await viewer.sees("a}b")
        await viewer.press("p", "y")
        await viewer.sees("name='a}b'")

    view(tasks, scenario)
