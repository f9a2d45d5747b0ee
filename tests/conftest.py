"""Settings for all tests: the environment does not affect them, and no test fails for being slow."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from redisched.store.broker import Broker
from tests.brokers import EVERY, Servers, is_left_to_the_night
from tests.script_rewriting import rewrite_scripts
from tests.server_time import ServerTime, read_movable_time
from tests.simulation.tally import say_tally

if sys.dont_write_bytecode:
    # Tests start hundreds of processes, and each would compile the library anew. What they compile is kept beside what
    # pytest caches, so that the checkout stays without it.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(Path(__file__).parent.parent / ".pytest_cache" / "bytecode")

# So that assertions in these helpers show the compared values, too.
pytest.register_assert_rewrite(
    "tests.chaos.load", "tests.chaos.invariants", "tests.chaos.machine", "tests.chaos.rig", "tests.lua.queue"
)

# A slow machine is not a bug, and an example found in CI must be found again at home.
settings.register_profile("house", deadline=None, print_blob=True)
settings.load_profile("house")


def pytest_report_header() -> str:
    """The command for a longer search for bugs than that of a default run."""
    return "random calls: a few; more with -m nightly, 10,000 with pytest -m chaos tests/chaos/test_state_machine.py"


def pytest_xdist_auto_num_workers() -> int:
    """Tests wait more than they compute: for processes that start and end, and for times that pass."""
    return 2 * (os.cpu_count() or 1)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests for the night before `-m` selects. Tests that take hours keep their own marker."""
    for item in items:
        if is_left_to_the_night(item) and item.get_closest_marker("chaos") is None:
            item.add_marker(pytest.mark.nightly)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show how much was simulated."""
    say_tally(terminalreporter)


@pytest.fixture(autouse=True)
def no_redis_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests use servers of their own, never one that the developer's environment names."""
    monkeypatch.delenv("REDISCHED_URL", raising=False)


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """The real servers of this test process."""
    with Servers() as servers:
        yield servers


@pytest.fixture(params=EVERY)
def broker(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Broker]:
    """An empty broker, of each kind in turn."""
    broker = servers.broker(request.param)
    yield broker
    broker.close()


@pytest.fixture
def clock(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> ServerTime:
    """The server's time, which stands still until the test moves it."""
    rewrite_scripts(monkeypatch, read_movable_time)
    return ServerTime(broker)
