"""Where a worker finds its handlers, and its error if there are none."""

from pathlib import Path

import pytest

from tests.cli.commands import CommandLine, run_process

APP = "from redisched import Scheduler\napp = Scheduler({arguments})\n"
TASKS = """
from shop import app

@app.task(name="add", queue="sums", isolation="{isolation}")
def add(a, b):
    return a + b
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package whose handlers are in a module that its application does not import."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "__init__.py").write_text(APP.format(arguments=""))
    (folder / "tasks.py").write_text(TASKS.format(isolation="none"))
    return tmp_path


def test_an_application_without_handlers_is_refused_in_a_sentence(package: Path, url: str) -> None:
    refused = run_process("worker", "shop:app", "--burst", cwd=package, REDISCHED_URL=url)

    assert refused.returncode == 2
    assert "no handlers" in refused.stderr
    assert "--import shop.tasks" in refused.stderr
    assert "imports=['shop.tasks']" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("isolation", ["none", "process"])
@pytest.mark.parametrize("way", ["option", "variable", "application"])
def test_modules_with_handlers_can_be_imported_by_option(
    package: Path, url: str, command: CommandLine, isolation: str, way: str
) -> None:
    (package / "shop" / "tasks.py").write_text(TASKS.format(isolation=isolation))
    words, variables = ["worker", "shop:app", "--burst"], {"REDISCHED_URL": url}
    if way == "option":
        words += ["--import", "shop.tasks"]
    elif way == "variable":
        variables["REDISCHED_IMPORT"] = "shop.tasks"
    else:
        (package / "shop" / "__init__.py").write_text(APP.format(arguments="imports=['shop.tasks']"))
    command.output("enqueue", "add", "1", "2", "--id", "one", "--queue", "sums")

    served = run_process(*words, cwd=package, **variables)

    assert served.returncode == 0, served.stderr
    assert command.record("task", "show", "one")["result"] == 3, served.stderr


@pytest.mark.parametrize("module", ["shop.nothing", "nothing.tasks"])
def test_a_missing_module_is_named(package: Path, url: str, module: str) -> None:
    refused = run_process("worker", "shop:app", "--import", module, cwd=package, REDISCHED_URL=url)

    assert refused.returncode == 2
    assert module in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_mistake_in_a_module_is_shown_with_its_line(package: Path, url: str) -> None:
    (package / "shop" / "broken.py").write_text("import a_package_that_is_missing\n")

    broken = run_process("worker", "shop:app", "--import", "shop.broken", cwd=package, REDISCHED_URL=url)

    assert broken.returncode == 1
    assert "broken.py" in broken.stderr
    assert "No module named 'a_package_that_is_missing'" in broken.stderr


def test_imports_given_as_a_single_string_are_refused(package: Path, url: str) -> None:
    (package / "shop" / "__init__.py").write_text(APP.format(arguments="imports='shop.tasks'"))

    refused = run_process("worker", "shop:app", cwd=package, REDISCHED_URL=url)

    assert refused.returncode != 0
    assert "a list of modules" in refused.stderr


def test_a_queue_that_no_handler_uses_causes_a_warning_and_is_served(
    package: Path, url: str, command: CommandLine
) -> None:
    command.output("enqueue", "add", "1", "2", "--id", "one", "--queue", "others")

    served = run_process(
        "worker", "shop:app", "--import", "shop.tasks", "--queues", "others,sums", "--burst",
        cwd=package, REDISCHED_URL=url,
    )  # fmt: skip

    (line,) = [line for line in served.stderr.splitlines() if "no handler" in line]
    assert "WARNING" in line
    assert "others" in line
    assert "queues others: no handler declares them; there are sums" in line
    assert command.record("task", "show", "one")["result"] == 3
