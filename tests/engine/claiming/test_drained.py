"""When a worker is done that ends once nothing is left: no task is due, in whatever order replies arrive."""

import pytest

from redisched.config import Until
from redisched.keys import keys_of
from redisched.store.operation import Command, run_async
from redisched.store.values import Release
from tests.engine.claiming.bench import Bench, on_bench


def test_a_task_that_is_given_back_while_the_worker_looks_is_looked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def use(bench: Bench) -> None:
        await bench.enqueue(1, queue="mail")
        await bench.claimer.step()
        (task,) = bench.context.window.take_all()
        perform = bench.client.perform

        async def give_back_after_the_look(command: Command) -> object:
            reply = await perform(command)
            if keys_of("mail").waiting in command and bench.context.in_flight:
                release = bench.store("mail").release([Release(task.lease.id, task.lease.token, 0)])
                await run_async(release, bench.broker.async_client())
                bench.context.in_flight.remove(task)
            return reply

        monkeypatch.setattr(bench.client, "perform", give_back_after_the_look)
        await bench.claimer.step()
        assert not bench.context.in_flight
        assert bench.waiting("mail") == 1
        assert not bench.claimer.drained.is_set()
        assert bench.claimer.changed.is_set()
        await bench.claimer.step()
        assert len(bench.context.in_flight) == 1

    on_bench(use, queues=("mail", "billing"), until=Until.EMPTY)
