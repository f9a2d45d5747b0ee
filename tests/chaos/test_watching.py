"""Random calls against the model, with callers that wait for the ends of tasks; and bugs planted in telling them."""

from collections.abc import Iterator

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from redisched.store.broker import Broker
from tests.brokers import BrokerKind, Servers
from tests.chaos.hunting import FEW_STEPS, hunt
from tests.chaos.mutant import Mutant
from tests.chaos.watching_machine import WATCHING_MUTANTS, watching_machine_on
from tests.script_rewriting import rewrite_scripts
from tests.server_time import ServerTime, read_movable_time


@pytest.fixture
def valkey(servers: Servers) -> Iterator[Broker]:
    broker = servers.broker(BrokerKind.VALKEY)
    yield broker
    broker.close()


@pytest.mark.timeout(3_600)  # a failing example is made small first
@pytest.mark.parametrize("examples", [25, pytest.param(300, marks=pytest.mark.nightly)])
def test_watchers_are_told_of_every_end(broker: Broker, clock: ServerTime, examples: int) -> None:
    run_state_machine_as_test(
        watching_machine_on(broker), settings=settings(max_examples=examples, stateful_step_count=50, deadline=None)
    )


@pytest.mark.parametrize("mutant", WATCHING_MUTANTS.values(), ids=WATCHING_MUTANTS)
def test_the_passage_that_a_mutant_replaces_is_in_its_script(mutant: Mutant) -> None:
    assert mutant.count_in_script() == 1


@pytest.mark.fault
@pytest.mark.parametrize("mutant", WATCHING_MUTANTS.values(), ids=WATCHING_MUTANTS)
def test_the_machine_notices_when(mutant: Mutant, valkey: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    rewrite_scripts(monkeypatch, mutant.rewrite, read_movable_time)
    with pytest.raises(AssertionError):
        hunt(watching_machine_on(valkey), FEW_STEPS)
