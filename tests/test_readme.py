"""The README is true: its code runs as written, and CI runs its commands."""

import ast
import asyncio
import os
import re
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from types import FunctionType

import pytest

from redisched.cli.commands.new import FIRST_APPLICATION
from redisched.client.scheduler import Scheduler
from redisched.model import TaskState
from tests.brokers import fake_broker
from tests.docs.links import broken_links

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
CI = (Path(__file__).parent.parent / ".ci" / "run").read_text(encoding="utf-8")
FIRST, PROGRAM, PRODUCING, TESTING = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project for this test alone, with an embedded server of its own."""
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "shop.py").write_text(PROGRAM)
    return tmp_path


def test_the_first_program_is_what_the_command_writes() -> None:
    assert FIRST == FIRST_APPLICATION


def test_the_program_runs_as_printed(project: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "REDISCHED_URL"}
    worker = subprocess.Popen(
        [sys.executable, "-m", "redisched", "dev", "shop:app"],
        cwd=project,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        program = subprocess.run(
            [sys.executable, "shop.py"],
            cwd=project,
            env=environment,
            capture_output=True,
            check=False,
            text=True,
            timeout=60,
        )
    finally:
        worker.send_signal(signal.SIGTERM)
        _, log = worker.communicate(timeout=60)
    assert program.stdout.strip() == "receipt for order 42 - scheduled", program.stderr + log
    assert worker.returncode == 0, log


def test_the_test_passes_as_printed(project: Path) -> None:
    (project / "pyproject.toml").write_text('[tool.pytest.ini_options]\nredisched_app = "shop:app"\n')
    (project / "test_shop.py").write_text("from shop import send_receipt\n" + TESTING)

    run = subprocess.run(
        (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "redisched.testing.plugin"),
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project)},
        capture_output=True,
        check=False,
        text=True,
    )

    assert "1 passed" in run.stdout, run.stdout


# The README shows the lines for blocking and for async programs together; here each runs in its own kind of program.
@pytest.mark.filterwarnings("ignore::redisched.client.blocking.BlockingCall")
def test_the_lines_for_producers_run() -> None:
    app = Scheduler(broker=fake_broker())

    @app.task(queue="mail")
    def send_receipt(order_id: int) -> str:
        return str(order_id)

    async def run() -> None:
        code = compile(PRODUCING, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        lines = FunctionType(code, {"app": app, "send_receipt": send_receipt})
        await lines()
        await app.close_async()

    asyncio.run(run())
    assert app.ref("receipt:42", "mail").status() is TaskState.SCHEDULED


def test_ci_installs_redisched_as_the_readme_says() -> None:
    line = "python3 -m venv .venv && .venv/bin/pip install -q -e '.[dev]'"
    assert line in README
    assert line in CI


def test_the_first_line_installs_what_the_demo_needs() -> None:
    assert "pip install -q -e '.[demo]' && .venv/bin/redisched demo" in README
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    assert set(extras["demo"]) <= set(extras["dev"])
    assert not set(extras["demo"]) & set(project["dependencies"])


def test_every_link_leads_somewhere() -> None:
    assert broken_links(Path(__file__).parent.parent / "README.md") == []
