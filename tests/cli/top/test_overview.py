"""The first screen: queues and workers at 80 columns and at more, sorted as somebody likes, with the cursor kept."""

from redisched.activity import Activity, AttemptEnd
from redisched.cli.top import keyspace as keyspace_module
from redisched.client.scheduler import Scheduler
from redisched.store.operation import run
from redisched.store.tallies import ActivityKey, Batch, Tallies
from tests.cli.top.viewer import SMALL, WIDE, Viewer, view


def names_shown(viewer: Viewer) -> list[str]:
    """The queues in the order of the screen."""
    lines = viewer.lines()
    first = next(at for at, line in enumerate(lines) if line.startswith("QUEUE"))
    rows = []
    for line in lines[first + 1 :]:
        if not line.strip():
            break
        rows.append(line.lstrip("\u2016 ").split()[0])
    return rows


def test_queues_and_workers_fit_into_80_columns(shop: Scheduler) -> None:
    async def scenario(viewer: Viewer) -> None:
        await viewer.sees("thumbnails", "web-3:4122")
        assert viewer.line_of("QUEUE").split() == [
            *("QUEUE\u25b2", "READY", "SCHED", "LEASED", "DEAD", "OLDEST"),
            *("WAIT", "P95", "RUN", "P95", "PER", "MIN"),
        ]
        assert viewer.line_of("  billing").split()[:5] == ["billing", "0", "1", "0", "6"]
        assert viewer.line_of("  mail").split()[:4] == ["mail", "40", "0", "0"]
        assert viewer.line_of("exports").startswith("\u2016 exports")
        assert "2 leased" in viewer.lines()[1]
        assert "3 workers 9/28 busy" in viewer.lines()[1]
        worker = viewer.line_of("web-3:4121").split()
        assert worker[:6] == ["web-3:4121", "\u25cf", "working", "7/16", "6", "3"]
        assert "imports.read" in viewer.line_of("web-3:4122")
        assert {len(line) for line in viewer.lines()} == {80}

    view(shop, scenario, SMALL)


def test_a_wide_terminal_shows_more(shop: Scheduler) -> None:
    async def scenario(viewer: Viewer) -> None:
        await viewer.sees("RUNNING", "FAILED", "PAUSED", "LAST HOUR", "MEMORY", "VERSION", "QUEUES", "  thumbnails")
        assert " ago by " in viewer.line_of("\u2016 exports")
        assert "\u2588" in viewer.line_of("  mail  ")
        assert "mail, default, exports" in viewer.line_of("web-3:4121")
        await viewer.pilot.resize_terminal(*SMALL)
        await viewer.no_more_sees("MEMORY")
        await viewer.sees("thumbnails", "PER MIN")

    view(shop, scenario, WIDE)


def test_what_is_wrong_is_said_the_worst_first(shop: Scheduler) -> None:
    async def scenario(viewer: Viewer) -> None:
        await viewer.sees("No worker serves thumbnails: 12 ready", "redisched worker MODULE:APP --queues thumbnails")
        await viewer.sees("Queue exports is paused: 7 ready", "6 tasks are dead")

    view(shop, scenario, WIDE)


def test_an_empty_keyspace_says_what_to_do(tasks: Scheduler) -> None:
    async def scenario(viewer: Viewer) -> None:
        await viewer.sees("There is no queue yet. Enqueue a task: redisched enqueue")
        await viewer.press("p", "enter")
        await viewer.sees("Move the cursor to a queue first")

    view(tasks, scenario)


def test_rates_are_of_the_last_minutes(tasks: Scheduler) -> None:
    tasks.enqueue("mail.send", queue="mail")
    seconds, _ = tasks.broker.client().perform(("TIME",))
    lately, long_ago = Activity(), Activity()
    lately.counts[AttemptEnd.SUCCEEDED] = 600
    long_ago.counts[AttemptEnd.SUCCEEDED] = 1_000_000
    tallies, client = Tallies(tasks.broker.script_runner), tasks.broker.client()
    for number, ago_s, activity in ((1, 60, lately), (2, 1_800, long_ago)):
        batch = Batch(number, 1_000 * (int(seconds) - ago_s), {ActivityKey("mail", "mail.send"): activity})
        run(tallies.add("w", batch), client)

    async def scenario(viewer: Viewer) -> None:
        await viewer.sees("mail")
        # 600 in five to six minutes.
        assert 100 <= float(viewer.line_of("  mail").split()[-1]) <= 120

    view(tasks, scenario)


def test_s_sorts_by_a_column_and_turns_it_round_and_the_order_is_kept(shop: Scheduler) -> None:
    async def scenario(viewer: Viewer) -> None:
        await viewer.sees("thumbnails")
        assert names_shown(viewer) == sorted(names_shown(viewer))
        await viewer.press("s")
        await viewer.sees("Sort by", "QUEUE \u25b2 turn round")
        await viewer.press("j", "enter")
        await viewer.sees("\u25bcREADY")
        assert names_shown(viewer)[:3] == ["mail", "thumbnails", "exports"]
        await shop.enqueue_many_async([shop.request("reports.weekly", queue="reports") for _ in range(50)])
        await viewer.press("r")
        await viewer.until(lambda: names_shown(viewer)[0] == "reports", "the longest comes first")
        await viewer.press("s", "enter")
        await viewer.sees("\u25b2READY")
        assert names_shown(viewer)[-1] == "reports"

    view(shop, scenario)


def test_each_table_has_an_order_of_its_own(shop: Scheduler) -> None:
    async def scenario(viewer: Viewer) -> None:
        await viewer.sees("web-3:4122")
        await viewer.press("tab", "s")
        await viewer.sees("WORKER \u25b2 turn round")
        await viewer.press("enter")
        await viewer.sees("WORKER\u25bc", "QUEUE\u25b2")
        workers = [line.split()[0] for line in viewer.lines() if " working " in line or " quiet " in line]
        assert workers == ["web-3:4122", "web-3:4121", "gpu-1:911"]

    view(shop, scenario)


def test_the_cursor_stays_on_its_queue_when_rows_move(shop: Scheduler) -> None:
    async def scenario(viewer: Viewer) -> None:
        await viewer.sees("thumbnails")
        await viewer.press("j", "j", "j", "k")
        await viewer.sees("exports: paused")
        await shop.enqueue_async("first.of_all", queue="a-new-queue")
        await viewer.press("r")
        await viewer.sees("a-new-queue")
        assert names_shown(viewer).index("exports") == 3
        await viewer.sees("exports: paused")
        await viewer.press("G")
        await viewer.sees("thumbnails: 0 workers serve it")
        await viewer.press("g")
        await viewer.sees("a-new-queue: 0 workers serve it")

    view(shop, scenario)


def test_of_very_many_queues_the_first_are_read(tasks: Scheduler) -> None:
    most = keyspace_module.MOST_QUEUES
    tasks.broker.client().perform(("SADD", "redisched:queues", *(f"queue-{at:04}" for at in range(most + 5))))

    async def scenario(viewer: Viewer) -> None:
        await viewer.sees(f"the first {most} of {most + 5} queues")
        await viewer.press("G")
        await viewer.sees(f"queue-{most - 1:04}: 0 workers serve it")

    view(tasks, scenario)


def test_a_queue_that_is_damaged_hides_no_other(shop: Scheduler) -> None:
    client = shop.broker.client()
    (key,) = client.perform(("KEYS", "*{mail}*waiting*")) or [None]
    client.perform(("DEL", key))
    client.perform(("SET", key, "what another program wrote"))

    async def scenario(viewer: Viewer) -> None:
        await viewer.sees("\u2717 mail", "mail cannot be read")
        cells = viewer.line_of("  billing").split()
        assert (cells[:4], cells[6]) == (["billing", "0", "1", "0"], "6")

    view(shop, scenario, WIDE)
