"""Enter opens a queue, a worker and a task; / opens a task by its id; Esc leads back."""

from redisched.client.scheduler import Scheduler
from tests.cli.top.viewer import WIDE, Viewer, view


def test_a_queue_opens_with_the_tasks_that_it_has(shop: Scheduler) -> None:
    async def scenario(viewer: Viewer) -> None:
        await viewer.sees("thumbnails")
        await viewer.press("j", "j", "j", "enter")
        await viewer.sees("redisched top  imports", "import-prices", "import-stock")
        assert viewer.line_of("import-prices").split()[:3] == ["\u25ba", "running", "import-prices"]
        assert "for " in viewer.line_of("import-prices")
        assert viewer.line_of("import-stock").split()[:2] == ["\u25a3", "leased"]
        assert "for " in viewer.line_of("import-stock")
        assert "\u25a3 leased 2" in viewer.text()
        await viewer.press("escape")
        await viewer.sees("imports: 1 worker serves it")

    view(shop, scenario)


def test_each_state_of_a_queue_is_a_key_away(shop: Scheduler) -> None:
    async def scenario(viewer: Viewer) -> None:
        await viewer.sees("thumbnails")
        await viewer.press("enter")
        await viewer.sees("redisched top  billing", "\u2717 dead 6", "charge-5")
        assert viewer.line_of("charge-5").split()[:3] == ["\u2717", "dead", "charge-5"]
        await viewer.press("left")
        await viewer.sees("charge-again")
        assert viewer.line_of("charge-again").split()[:2] == ["\u25c6", "retrying"]
        await viewer.press("2")
        await viewer.sees("No task is ready.")
        await viewer.press("right", "right")
        await viewer.sees("charge-5")
        await viewer.press("tab")
        await viewer.sees("No task is ended.")

    view(shop, scenario)


def test_errors_and_workers_of_tasks_are_seen_where_there_is_room(shop: Scheduler) -> None:
    async def scenario(viewer: Viewer) -> None:
        await viewer.sees("thumbnails")
        await viewer.press("enter")
        await viewer.sees("ERROR", "gateway did not answer within 5 s", "order 45 has no address")

    view(shop, scenario, WIDE)


def test_of_many_tasks_the_first_are_shown_in_the_order_in_which_they_run(tasks: Scheduler) -> None:
    for number in range(60):
        tasks.enqueue("add", id=f"task-{number:02}", priority=9 - number // 10)

    async def scenario(viewer: Viewer) -> None:
        await viewer.sees("default")
        await viewer.press("enter")
        await viewer.sees("The first 50", "ready by priority  4: 10  5: 10")
        assert viewer.line_of("task-").split()[2] == "task-50"
        await viewer.press("s", "j", "j", "enter")
        await viewer.sees("ID\u25b2")
        assert viewer.line_of("task-").split()[2] == "task-10"

    view(tasks, scenario)


def test_a_task_says_why_it_does_not_run_and_hides_secrets(shop: Scheduler) -> None:
    async def scenario(viewer: Viewer) -> None:
        await viewer.press("slash")
        await viewer.sees("Open a task")
        await viewer.press(*"charge-again", "enter")
        await viewer.sees("redisched top  billing / charge-again", "retrying  The task has failed in 2 attempts")
        await viewer.sees("TimeoutError: gateway did not answer within 5 s", 'card_token="[redacted]"', "amount=19.9")
        await viewer.sees("Failed attempts", "attempt 1, ", "ConnectionError: connection reset by peer")
        await viewer.sees("The last traceback", 'File "gateway.py", line 18, in post')
        await viewer.press("escape")
        await viewer.sees("QUEUE\u25b2")

    view(shop, scenario, WIDE)


def test_a_running_task_shows_its_progress_and_its_log(shop: Scheduler) -> None:
    async def scenario(viewer: Viewer) -> None:
        await viewer.sees("thumbnails")
        await viewer.press("tab", "G", "enter")
        await viewer.sees("redisched top  web-3:4122", "2 of 8 slots busy", "import-prices")
        assert viewer.line_of("import-prices").split()[:2] == ["\u25ba", "running"]
        await viewer.press("enter")
        await viewer.sees("redisched top  imports / import-prices", "42 %, 420 of 1000", "read 420 rows")
        await viewer.press("escape")
        await viewer.sees("redisched top  web-3:4122")

    view(shop, scenario)


def test_a_worker_shows_its_window(shop: Scheduler) -> None:
    async def scenario(viewer: Viewer) -> None:
        await viewer.sees("thumbnails")
        await viewer.press("tab", "j", "enter")
        await viewer.sees("redisched top  web-3:4121", "window: 6 due, 3 ahead", "next-5", "due ")
        # It says that it runs 7, and names none of them.
        await viewer.sees("10 more of which it does not tell.")

    view(shop, scenario)


def test_a_worker_that_is_gone_is_said_to_be(shop: Scheduler) -> None:
    async def scenario(viewer: Viewer) -> None:
        await viewer.sees("thumbnails")
        await viewer.press("tab", "enter")
        await viewer.sees("redisched top  gpu-1:911", "It runs nothing")
        client = shop.broker.client()
        for key in client.perform(("KEYS", "*workers*")):
            client.perform(("DEL", key))
        await viewer.press("r")
        await viewer.sees("last update 0 ms ago: no worker 'gpu-1:911' lives")

    view(shop, scenario)


def test_a_task_that_nobody_has_is_unknown(shop: Scheduler) -> None:
    async def scenario(viewer: Viewer) -> None:
        await viewer.press("slash", *"nosuch", "enter")
        await viewer.sees("Task nosuch is unknown: never enqueued, or forgotten.")
        await viewer.press("slash", "enter")
        await viewer.no_more_sees("Open a task")

    view(shop, scenario)


def test_of_queues_that_share_an_id_one_is_chosen(tasks: Scheduler) -> None:
    for queue in ("images", "mail"):
        tasks.enqueue("add", queue=queue, id="same")

    async def scenario(viewer: Viewer) -> None:
        await viewer.press("slash", *"same", "enter")
        await viewer.sees("Several queues have this id", "images", "mail")
        await viewer.press("down", "enter")
        await viewer.sees("redisched top  mail / same")

    view(tasks, scenario)


def test_a_task_that_is_forgotten_meanwhile_stays_on_the_screen(tasks: Scheduler) -> None:
    tasks.enqueue("add", id="it")

    async def scenario(viewer: Viewer) -> None:
        await viewer.press("slash", *"it", "enter")
        await viewer.sees("default / it", "name      add")
        viewer.clock.now_s += 12
        tasks.broker.client().perform(("FLUSHALL",))
        await viewer.press("r")
        await viewer.sees("last update 12 s ago: task 'it'", "name      add")

    view(tasks, scenario)


def test_help_has_all_keys(tasks: Scheduler) -> None:
    async def scenario(viewer: Viewer) -> None:
        await viewer.press("question_mark")
        await viewer.sees("pause or resume the queue; it asks first", "quit", "\u2717 dead", "\u2016 paused")
        assert max(len(line.rstrip()) for line in viewer.lines()) <= 80
        await viewer.press("question_mark")
        await viewer.no_more_sees("it asks first")

    view(tasks, scenario)
