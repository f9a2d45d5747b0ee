"""Looking at a queue: the next tasks page by page, the next one, and how many there are. Nothing is claimed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from redisched import Scheduler, TaskState
from redisched.errors import InvalidOption, NoServer
from redisched.store.store import Store
from tests.client.callers import Caller
from tests.engine.running import counts


def test_the_next_tasks_come_in_the_order_in_which_they_start(app: Scheduler, call: Caller) -> None:
    app.enqueue("later", queue="mail", delay=7200, priority=0)
    app.enqueue("soon", queue="mail", delay=3600)
    app.enqueue("low", queue="mail", priority=9)
    app.enqueue("urgent", queue="mail", priority=0)

    page = call(app.pending, "mail")

    assert [task.name for task in page] == ["urgent", "low", "soon", "later"]
    assert [task.state for task in page] == [TaskState.READY] * 2 + [TaskState.SCHEDULED] * 2
    assert page.next == ""
    assert counts(app.broker, "mail").leased == 0


def test_pages_go_on_where_the_page_before_ended(app: Scheduler, call: Caller) -> None:
    app.grow("mail", 3)
    for number in range(10):
        app.enqueue("send", number, queue="mail", priority=number)

    seen, after = [], ""
    while True:
        page = call(app.pending, "mail", n=4, after=after)
        assert len(page) <= 4
        seen += [task.args[0] for task in page]
        after = page.next
        if not after:
            break

    assert seen == list(range(10))


def test_a_task_is_told_as_its_handler_takes_it(app: Scheduler, call: Caller) -> None:
    @app.task(name="remind", queue="mail")
    def remind(after: timedelta, *, loud: bool = False) -> None: ...

    run_at = datetime(2031, 1, 1, tzinfo=UTC)
    before = datetime.now(UTC) - timedelta(seconds=1)
    ref = remind.options(run_at=run_at, priority=2).enqueue(timedelta(hours=1), loud=True)

    task = call(app.peek, "mail")

    assert task is not None
    assert (task.id, task.queue, task.name, task.priority, task.attempt) == (ref.id, "mail", "remind", 2, 1)
    assert (task.args, dict(task.kwargs)) == ((timedelta(hours=1),), {"loud": True})
    assert task.run_at == run_at
    assert task.enqueued_at is not None
    assert task.enqueued_at > before


def test_a_task_with_a_chosen_id_does_not_tell_when_it_was_enqueued(app: Scheduler, call: Caller) -> None:
    app.enqueue("send", queue="mail", id="order:1")

    task = call(app.peek, "mail")

    assert task is not None
    assert task.enqueued_at is None


def test_arguments_that_do_not_fit_are_told_as_they_travelled(app: Scheduler, call: Caller) -> None:
    app.enqueue("send", "no number", queue="mail")

    @app.task(name="send", queue="mail")
    def send(after: timedelta) -> None: ...

    task = call(app.peek, "mail")

    assert task is not None
    assert task.args == ("no number",)


def test_a_task_that_cannot_be_read_says_why(app: Scheduler, call: Caller) -> None:
    ref = app.enqueue("send", 1, queue="mail")
    keys = Store(app.broker.script_runner, "mail").keys
    app.broker.client().perform(("HSET", keys.tasks, ref.id, b"12345678garbage"))

    task = call(app.peek, "mail")

    assert task is not None
    assert (task.name, task.args) == ("", ())
    assert task.undecodable


def test_there_is_no_next_task_in_an_empty_queue(app: Scheduler, call: Caller) -> None:
    assert call(app.peek, "mail") is None
    assert list(call(app.pending, "mail")) == []
    assert call(app.count, "mail") == 0


def test_tasks_are_counted_by_state_in_all_shards(app: Scheduler, call: Caller) -> None:
    app.grow("mail", 3)
    for number in range(7):
        app.enqueue("send", number, queue="mail")
    app.enqueue("send", queue="mail", delay=60)
    with app.claim("mail", n=3) as (dead, _, _):
        dead.bury("no use")

        assert call(app.count, "mail") == 5
        assert call(app.count, "mail", state="ready") == 4
        assert call(app.count, "mail", state="scheduled") == 1
        assert call(app.count, "mail", state=TaskState.LEASED) == 2
        assert call(app.count, "mail", state=["leased", "dead"]) == 3


@pytest.mark.parametrize(
    ("method", "arguments", "option", "allowed"),
    [
        ("pending", {"n": 0}, "n", "from 1 to 1000"),
        ("pending", {"n": 1_001}, "n", "from 1 to 1000"),
        ("pending", {"after": "somewhere"}, "after", "a place as the end of a listing told it"),
        ("pending", {"after": 3}, "after", "a place as the end of a listing told it"),
        ("pending", {"queue": "a b"}, "queue", "letters"),
        ("peek", {"queue": ""}, "queue", "letters"),
        ("count", {"queue": "a b"}, "queue", "letters"),
        ("count", {"state": "running"}, "state", "one or several of ready, scheduled, leased, dead"),
        ("count", {"state": []}, "state", "one or several of"),
    ],
)
def test_a_bad_option_is_refused(
    app: Scheduler, call: Caller, method: str, arguments: dict[str, object], option: str, allowed: str
) -> None:
    with pytest.raises(InvalidOption, match=allowed) as refused:
        call(getattr(app, method), **{"queue": "mail", **arguments})
    assert refused.value.argument == option


def test_looking_starts_no_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(NoServer):
        Scheduler().count("mail")
    assert list(tmp_path.iterdir()) == []
