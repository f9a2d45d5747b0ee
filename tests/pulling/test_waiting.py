"""A program that waits for a task gets it when it is due, though a server may end a wait late."""

import pytest

from redisched import Scheduler
from redisched.pulling.waiting import wait_for_task
from redisched.store.operation import Pause


@pytest.mark.parametrize(("due_in_ms", "longest_s"), [(None, 2.0), (1_000, 0.9), (50, 0), (-5, 0)])
def test_no_command_waits_until_a_task_is_due(app: Scheduler, due_in_ms: int | None, longest_s: float) -> None:
    block = app.claim("mail")
    with block:
        puller = block._block.puller
        puller._reap_s = dict.fromkeys(puller._reap_s, puller.context.clock.monotonic() + 60)
        due_ms = None if due_in_ms is None else int(puller.context.server_now_ms()) + due_in_ms
        step = next(wait_for_task(puller, 2.0, due_ms))

    if longest_s:
        assert isinstance(step, tuple)
        assert str(step[0]) == "BLPOP"
        assert float(step[-1]) <= longest_s
    else:
        assert isinstance(step, Pause)
        assert step.seconds <= 0.01
