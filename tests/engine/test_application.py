"""The application that MODULE:APP names: a Scheduler, or a function that makes one."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from redisched.engine.application import load_application
from redisched.errors import AppNotFound

SOURCE = """
from functools import partial
from redisched import Scheduler

def create_app():
    app = Scheduler()

    @app.task
    def add(a, b):
        return a + b

    return app

async def create_async():
    return create_app()

def create_from(settings):
    return create_app()

def create_nothing():
    return None

def broken():
    raise OSError("no configuration")

class Factories:
    @staticmethod
    def make():
        return create_app()

other = Scheduler()
ran = []

@other.task
def charge():
    ran.append(1)
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    (tmp_path / "factories.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    yield "factories"
    sys.modules.pop("factories", None)


@pytest.mark.parametrize("path", ["create_app", "create_app()", "Factories.make", "Factories.make()"])
def test_a_factory_makes_the_application(module: str, path: str) -> None:
    application = load_application(f"{module}:{path}")

    (entry,) = application.registry
    assert entry.name == "factories.create_app.<locals>.add"


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("create_async", "async function"),
        ("create_from", "takes arguments"),
        ("create_from()", "takes arguments"),
        ("create_nothing", "leads to a NoneType, not a Scheduler"),
        ("other()", "Scheduler, not a function"),
        ("charge", "SyncHandler, not a Scheduler"),
        ("charge()", "SyncHandler, not a function"),
        ("Factories", "type, not a Scheduler"),
        ("nothing()", "has no 'nothing'"),
        ("create_app(1)", r"has no 'create_app\(1\)'"),
    ],
)
def test_a_target_that_makes_no_scheduler_is_refused_and_no_handler_runs(module: str, path: str, hint: str) -> None:
    with pytest.raises(AppNotFound, match=hint):
        load_application(f"{module}:{path}")

    assert sys.modules[module].ran == []


def test_an_error_of_a_factory_is_raised_unchanged(module: str) -> None:
    with pytest.raises(OSError, match="no configuration"):
        load_application(f"{module}:broken")
