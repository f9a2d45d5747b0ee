"""Random calls against the model, on every broker: a few with every commit, more at night, many with -m chaos."""

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from redisched.store.broker import Broker
from tests.chaos.begun_machine import machine_on
from tests.server_time import ServerTime

HOURS_S = 14_400


@pytest.mark.timeout(HOURS_S)  # a failing example is made small first
@pytest.mark.parametrize(
    ("examples", "steps"),
    [
        pytest.param(50, 50, marks=pytest.mark.differs_by_server),
        pytest.param(300, 60, marks=pytest.mark.nightly),
        pytest.param(10_000, 60, marks=pytest.mark.chaos),
    ],
)
def test_the_queue_behaves_as_its_model(broker: Broker, clock: ServerTime, examples: int, steps: int) -> None:
    run_state_machine_as_test(
        machine_on(broker), settings=settings(max_examples=examples, stateful_step_count=steps, deadline=None)
    )
