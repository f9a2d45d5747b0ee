"""`redisched worker` end to end: one process enqueues, another runs the task, a third one reads the result."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from redisched.embedded import Persistence, PrivateServer
from tests.cli.applications import APPLICATION, write_application
from tests.cli.commands import CommandLine, environment, run, run_process
from tests.waiting import wait_until


def test_a_burst_runs_all_due_tasks(command: CommandLine, url: str, tmp_path: Path) -> None:
    write_application(tmp_path)
    command.output("enqueue", "add", "1", "2", "--id", "one")
    command.output("enqueue", "mail", "--id", "two", "--queue", "mail")
    command.output("enqueue", "fail", "--id", "three")

    finished = run_process("worker", "shop:app", "--burst", "--url", url, cwd=tmp_path)

    assert finished.returncode == 0, finished.stderr
    assert command.record("task", "show", "one")["result"] == 3
    assert command.record("task", "show", "two")["result"] == "sent"
    assert command.record("task", "show", "three")["failure"]["error"] == "ValueError: no \x1b[31m luck"
    assert "\x1b" not in finished.stderr


@pytest.mark.parametrize("target", ["shop:create_app", "shop:create_app()"])
def test_a_factory_makes_the_application(command: CommandLine, url: str, tmp_path: Path, target: str) -> None:
    body = "".join(f"    {line}\n" for line in APPLICATION.splitlines())
    write_application(tmp_path, f"def create_app():\n{body}    return app\n")
    command.output("enqueue", "add", "1", "2", "--id", "one")

    finished = run_process("worker", target, "--burst", "--url", url, cwd=tmp_path)

    assert finished.returncode == 0, finished.stderr
    assert command.record("task", "show", "one")["result"] == 3


def test_queues_and_the_number_of_processes_can_be_chosen(command: CommandLine, url: str, tmp_path: Path) -> None:
    write_application(tmp_path / "package", name="tasks.py")
    (tmp_path / "package" / "__init__.py").touch()
    command.output("enqueue", "add", "1", "2", "--id", "one")
    command.output("enqueue", "mail", "--id", "two", "--queue", "mail")

    finished = run_process(
        "worker", "package.tasks:app", "--burst", "--queues", "mail", "--processes", "2", "-c", "1",
        cwd=tmp_path, REDISCHED_URL=url,
    )  # fmt: skip

    assert finished.returncode == 0, finished.stderr
    assert command.record("task", "show", "one")["state"] == "ready"
    assert command.record("task", "show", "two")["state"] == "succeeded"


def test_enqueue_worker_and_show_work_on_the_embedded_server(project: Path) -> None:
    write_application(project)
    task_id = run_process("enqueue", "add", "1", "2", cwd=project).stdout.strip()

    finished = run_process("worker", "shop:app", "--burst", "--embedded", cwd=project)

    assert finished.returncode == 0, finished.stderr
    assert f"an embedded server keeps the tasks in {project.resolve()}/.redisched" in finished.stderr
    record = json.loads(run_process("task", "show", task_id, "--json", cwd=project).stdout)
    assert (record["state"], record["result"]) == ("succeeded", 3)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_a_worker(command: CommandLine, url: str, tmp_path: Path, number: signal.Signals) -> None:
    write_application(tmp_path)
    with subprocess.Popen(
        (sys.executable, "-m", "redisched", "worker", "shop:app", "--url", url),
        cwd=tmp_path,
        env=environment(),
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            command.output("enqueue", "add", "1", "2", "--id", "one")
            wait_until(
                lambda: command.record("task", "show", "one")["state"] == "succeeded",
                "the worker has run the task",
                timeout_s=60.0,
            )
            process.send_signal(number)

            assert process.wait(timeout=30) == 0
        finally:
            process.kill()


BAD = {
    "no colon": (("shop",), "MODULE:APP"),
    "no module": (("nosuch:app",), "no module 'nosuch'"),
    "concurrency": (("redisched:app", "-c", "0"), "concurrency"),
    "processes": (("redisched:app", "--processes", "0"), "processes"),
    "lease": (("redisched:app", "--lease", "1ms"), "lease"),
    "window": (("redisched:app", "--window-ms", "-1"), "window_ms"),
    "queue": (("redisched:app", "--queues", "a b"), "letters"),
    "url": (("redisched:app", "--url", ""), "empty"),
}


@pytest.mark.parametrize(("words", "hint"), BAD.values(), ids=BAD)
def test_bad_usage_has_exit_code_2(words: tuple[str, ...], hint: str) -> None:
    result = run("worker", *words)

    assert result.exit_code == 2
    assert hint in result.stderr


@pytest.mark.parametrize(
    ("target", "hint"),
    [("shop:nosuch", "has no 'nosuch'"), ("shop:text", "not a Scheduler"), ("shop.app:x", "shop.app")],
)
def test_a_target_that_is_not_a_scheduler_is_bad_usage(tmp_path: Path, target: str, hint: str) -> None:
    write_application(tmp_path)

    finished = run_process("worker", target, cwd=tmp_path, REDISCHED_URL="redis://localhost:1")

    assert finished.returncode == 2, finished.stderr
    assert hint in finished.stderr
    assert "Traceback" not in finished.stderr


def test_a_mistake_in_the_application_is_shown_with_its_line(tmp_path: Path) -> None:
    write_application(tmp_path, APPLICATION + "\nundefined()\n")

    finished = run_process("worker", "shop:app", cwd=tmp_path, REDISCHED_URL="redis://localhost:1")

    assert finished.returncode == 1
    assert "NameError" in finished.stderr
    assert "shop.py" in finished.stderr
    assert "importlib" not in finished.stderr


def test_an_application_with_a_redis_of_its_own_is_not_moved_to_another(tmp_path: Path) -> None:
    write_application(tmp_path, APPLICATION.replace("Scheduler()", "Scheduler('redis://localhost:1')"))

    finished = run_process("worker", "shop:app", "--url", "redis://localhost:2", cwd=tmp_path)

    assert finished.returncode == 2
    assert "names another Redis itself" in finished.stderr


def test_a_redis_that_may_evict_is_refused_unless_allowed(tmp_path: Path) -> None:
    write_application(tmp_path)
    with PrivateServer(arguments=("--maxmemory-policy", "allkeys-lru"), persistence=Persistence.NONE) as server:
        words = ("worker", "shop:app", "--burst", "--url", server.url)
        refused = run_process(*words, cwd=tmp_path)
        allowed = run_process(*words, "--allow-eviction", cwd=tmp_path)

    assert refused.returncode == 2
    assert "CONFIG SET maxmemory-policy noeviction" in refused.stderr
    assert allowed.returncode == 0, allowed.stderr
