"""The pytest plugin. Every run of pytest loads it, so it loads nothing else before a test asks for a fixture."""

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from redisched.client.scheduler import Scheduler
    from redisched.testing.virtual_worker import VirtualWorker

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
    app: Scheduler = _loaded("redisched.engine.application").load_application(target)
    return app


@pytest.fixture
def redisched_worker(redisched_app: "Scheduler") -> "Iterator[VirtualWorker]":
    """A worker of the application, on a server that is empty and that nobody else uses."""
    with _loaded("redisched.testing.virtual_worker").worker(redisched_app) as worker:
        yield worker


def _loaded(module: str) -> Any:
    """A module, imported now. A LazyModule would not do: pytest looks for fixtures in everything that is here."""
    return import_module(module)
