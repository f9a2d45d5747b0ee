"""The pytest plugin. Every run of pytest loads it, so it loads nothing else before a test asks for a fixture."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from redisched.client.scheduler import Scheduler
    from redisched.engine import application
    from redisched.testing import virtual_worker
else:
    from redisched.lazy import LazyModule

    application = LazyModule("redisched.engine.application")
    virtual_worker = LazyModule("redisched.testing.virtual_worker")

_OPTION = "redisched_app"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the setting that names the application."""
    parser.addini(_OPTION, "MODULE:APP of the redisched application, for the fixture redisched_worker", default="")


@pytest.fixture(scope="session")
def redisched_app(pytestconfig: pytest.Config) -> "Scheduler":
    """The application under test: the setting `redisched_app`, such as shop:app; or define a fixture of this name."""
    target = pytestconfig.getini(_OPTION)
    if not target:
        raise pytest.UsageError(
            'name the application in the configuration of pytest, such as redisched_app = "shop:app", or define a'
            " fixture redisched_app that returns it"
        )
    return application.load_application(target)  # type: ignore[return-value]


@pytest.fixture
def redisched_worker(redisched_app: "Scheduler") -> "Iterator[virtual_worker.VirtualWorker]":
    """A worker of the application, on a server that is empty and that nobody else uses."""
    with virtual_worker.worker(redisched_app) as worker:
        yield worker
