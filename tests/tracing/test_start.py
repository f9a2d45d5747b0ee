"""What it takes to trace an application, and what is refused."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider

from redisched import Scheduler, TaskContext
from redisched.errors import InvalidOption, NotInstalled
from redisched.tracing import names, trace
from tests.cli.commands import environment


def run(program: str, folder: Path) -> str:
    finished = subprocess.run(
        (sys.executable, "-c", program), cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_nothing_of_opentelemetry_is_imported_unless_an_application_is_traced(tmp_path: Path) -> None:
    program = """
import sys, redisched, redisched.tracing
redisched.Scheduler()
print([name for name in sys.modules if name.startswith("opentelemetry")])
"""
    assert run(program, tmp_path) == "[]\n"


def test_without_the_api_it_is_said_what_to_install(tmp_path: Path) -> None:
    program = """
import sys
sys.modules["opentelemetry"] = None
import redisched
from redisched.errors import NotInstalled, RedischedError
from redisched.tracing import trace
app = redisched.Scheduler()
try:
    trace(app)
except NotInstalled as error:
    print(error, isinstance(error, RedischedError), isinstance(error, ImportError), error.extra)
print(app.registry.middleware.is_around_handlers, app.registry.middleware.around_enqueue)
"""
    said = "opentelemetry-api is not installed: pip install 'redisched[opentelemetry]' True True opentelemetry"
    assert run(program, tmp_path) == f"{said}\nFalse []\n"


def test_another_module_that_is_missing_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def __getattr__(self, name: str) -> object:
            raise ModuleNotFoundError("No module named 'other'", name="other")

    monkeypatch.setattr("redisched.tracing.start.installation", Broken())

    with pytest.raises(ModuleNotFoundError, match="other") as missing:
        trace(Scheduler())
    assert not isinstance(missing.value, NotInstalled)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((Scheduler(), {"relation": "cousin"}), "relation='cousin': 'link' or 'parent'"),
        (("shop:app", {}), "a Scheduler"),
    ],
)
def test_what_is_no_relation_or_no_application_is_refused(arguments: Any, said: str) -> None:
    app, options = arguments
    with pytest.raises(InvalidOption, match=said):
        trace(app, **options)


def test_an_application_is_traced_once(provider: TracerProvider) -> None:
    app = Scheduler()
    trace(app, tracer_provider=provider)
    before = [*app.registry.middleware.on_loop], [*app.registry.middleware.around_enqueue]

    with pytest.raises(InvalidOption, match="traced already"):
        trace(app, tracer_provider=provider)

    assert (app.registry.middleware.on_loop, app.registry.middleware.around_enqueue) == before


def test_after_sync_middleware_it_is_refused_with_nothing_done() -> None:
    app = Scheduler()

    @app.middleware
    def sync(_ctx: TaskContext, call_next: Callable[[], Any]) -> Any:
        return call_next()

    with pytest.raises(InvalidOption, match="before sync ones"):
        trace(app)

    assert (app.registry.middleware.on_loop, app.registry.middleware.around_enqueue) == ([], [])


def test_the_names_of_the_conventions_are_those_of_opentelemetry() -> None:
    conventions = pytest.importorskip("opentelemetry.semconv._incubating.attributes.messaging_attributes")

    known = {value for name, value in vars(conventions).items() if name.startswith("MESSAGING_")}
    ours = {value for value in vars(names).values() if isinstance(value, str) and value.startswith("messaging.")}
    assert len(ours) == 7
    assert ours <= known
