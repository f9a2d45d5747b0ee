"""However a handler ends, its task ends visibly, and the worker and its other handlers go on: also when the code of its
error or of its result raises whatever it is asked.
"""

import asyncio

import pytest

from redisched import Scheduler
from redisched.codec import decode_failure
from redisched.errors import CancelRequested, LeaseLost
from redisched.store.values import Ack, Bury
from tests.engine.executor_bench import Bench, on_bench
from tests.engine.unruly import ENDS, KINDS, TARGET, app, name_of, receipt


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("end", ENDS)
def test_it_ends_visibly_and_the_next_handler_runs(end: str, kind: str) -> None:
    settled_as = ENDS[end][1]

    async def use(bench: Bench) -> None:
        for id in "abc":
            bench.give(name_of(end, kind), id=id)
            assert type((await bench.completion()).settlement) is settled_as
        bench.give("next", id="d")
        assert type((await bench.completion()).settlement) is Ack
        assert bench.executor.free == 2
        assert not bench.executor.failure.done()

    on_bench(app, use, target=TARGET)


def test_what_encoding_a_result_raises_is_the_reason() -> None:
    app = Scheduler()
    app.task(name="work")(receipt)

    async def use(bench: Bench) -> None:
        bench.give("work")
        settlement = (await bench.completion()).settlement
        assert isinstance(settlement, Bury)
        said = decode_failure(settlement.failure).error
        assert said == "result of work: encoding it raised ZeroDivisionError: no order"

    on_bench(app, use)


@pytest.mark.parametrize("told", [LeaseLost, CancelRequested])
def test_what_the_worker_has_told_is_about_its_own_task(told: type[LeaseLost] | type[CancelRequested]) -> None:
    app = Scheduler()

    @app.task(name="work")
    async def work() -> None:
        await asyncio.Event().wait()

    async def use(bench: Bench) -> None:
        task = bench.give("work")
        await bench.turn()
        bench.executor.interrupt(task, told)
        settlement = (await bench.completion()).settlement
        assert settlement is None if told is LeaseLost else isinstance(settlement, Ack)

    on_bench(app, use)
