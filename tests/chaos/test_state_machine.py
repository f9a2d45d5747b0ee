"""Random calls against the model, on every broker.

The default run is short. A long one: pytest tests/chaos/test_state_machine.py --hypothesis-profile=long
"""

import pytest
from hypothesis.stateful import run_state_machine_as_test

from redisched.store.broker import Broker
from tests.chaos.machine import machine_on
from tests.server_time import ServerTime


@pytest.mark.timeout(900)  # what fails is made small first
def test_the_queue_behaves_as_its_model(broker: Broker, clock: ServerTime) -> None:
    run_state_machine_as_test(machine_on(broker))
