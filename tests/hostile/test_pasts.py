"""S14: even if the records of a task's past are garbage, the task runs and ends, and can be read."""

import pytest

from redisched import Scheduler, current_task
from redisched.keys import keys_of
from redisched.model import TaskState
from redisched.retry import Retry
from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.store import Store
from tests.engine.running import SOON, RunningWorker, look
from tests.lua.queue import request

KEYS = keys_of("default")
PASTS = [
    b"",
    b"none",
    b"1 2 3",
    b"1 2 3 4 5",
    b"-1 0 0 7",
    b"1.5 0 0 7",
    b"inf nan 0 7",
    b"%d %s 0 7",
    b"1000000000 1000000000 1000000000 7",
    b"9" * 5_000 + b" 0 0 7",
    b"\xff\x00\n",
    b"\xd9\xa1 0 0 7",  # a digit of another script
]


@pytest.mark.parametrize("past", PASTS, ids=lambda past: repr(past[:16]))
def test_s14_a_task_with_garbage_as_tries_runs_as_if_for_the_first_time(
    app: Scheduler, real_broker: Broker, past: bytes
) -> None:
    @app.task(name="second.time", retry=Retry(attempts=3, backoff=SOON))
    def succeed() -> int:
        attempt = current_task().attempt
        if attempt == 1:
            raise ValueError
        return attempt

    task = app.enqueue("second.time")
    real_broker.client().perform(("HSET", KEYS.tries, task.id, past))
    assert look(real_broker, task.id).attempts == 0

    with RunningWorker(app) as worker:
        assert task.result(timeout=10) == 2
        assert not worker.has_ended


@pytest.mark.parametrize("holder", [b"", b"none", b"7", b"7 x 0 w", b"7 " + b"9" * 5_000 + b" 0 w", b"\xff\n"])
def test_s14_a_task_with_garbage_as_holder_can_be_read(app: Scheduler, real_broker: Broker, holder: bytes) -> None:
    task = app.enqueue("never.run")
    run(Store(real_broker.script_runner, "default").claim(request()), real_broker.client())
    real_broker.client().perform(("HSET", KEYS.held, task.id, holder))

    view = look(real_broker, task.id)

    assert (view.state, view.worker) == (TaskState.LEASED, "")


@pytest.mark.parametrize("failure", [b"", b"none", b"1", b"x y", b"9" * 5_000 + b" boom", b"\xff\n"])
def test_s14_a_task_with_garbage_as_failure_can_be_read(app: Scheduler, real_broker: Broker, failure: bytes) -> None:
    task = app.enqueue("never.run")
    real_broker.client().perform(("HSET", KEYS.failures, task.id, failure))

    view = look(real_broker, task.id)

    assert (view.state, view.failure) == (TaskState.READY, None)
