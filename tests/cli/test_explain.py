"""`redisched explain`, and what `redisched task show` says of the same."""

import shlex

import pytest

from tests.cli.commands import CommandLine, run
from tests.cli.workshop import WORKER, Workshop


def test_a_sentence_says_why_and_another_what_to_do(command: CommandLine) -> None:
    command.output("enqueue", "add", "--id", "a")

    said = command.output("explain", "a")

    assert said == ("No live worker serves queue default.\nStart one: redisched worker MODULE:APP --queues default\n")
    assert command.output("explain", "a", "--queue", "default") == said
    assert command.output("task", "show", "a").startswith(f"{said}\n")


def test_without_anything_to_do_it_is_one_line(command: CommandLine, workshop: Workshop) -> None:
    command.output("enqueue", "add", "--id", "a")
    workshop.start(workshop.claim())

    (line,) = command.output("explain", "a").splitlines()

    assert line.startswith(f"The task runs: worker {WORKER} began it ")
    assert line.endswith(" ago, as attempt 1.")


def test_json_has_every_fact(command: CommandLine, workshop: Workshop) -> None:
    for id, priority in (("a", "5"), ("b", "4"), ("c", "3")):
        command.output("enqueue", "add", "--id", id, "--priority", priority)
    command.output("queue", "pause", "default", "--for", "1h")

    waits = command.record("explain", "a")

    assert waits.keys() == {
        "id", "queue", "shard", "state", "now_ms", "reason", "sentence", "advice", "further", "position",
        "expected_start_ms", "worker", "since_ms", "until_ms", "error", "deadline_ms",
    }  # fmt: skip
    assert (waits["reason"], waits["further"], waits["position"]) == ("paused", ["no worker"], 2)
    assert waits["until_ms"] - waits["since_ms"] == 3_600_000
    shown = command.record("task", "show", "a")["explanation"]
    assert {**shown, "now_ms": 0, "sentence": ""} == {**waits, "now_ms": 0, "sentence": ""}


def test_a_dead_task_says_how_to_let_it_run_again(command: CommandLine, workshop: Workshop) -> None:
    command.output("enqueue", "add", "--id", "a;b")
    workshop.bury(workshop.claim())

    said = command.output("explain", "a;b")

    assert "attempts used up; ValueError: no." in said
    assert said.endswith("Let it run again: redisched dead retry 'a;b'\n")


@pytest.mark.parametrize("id", ["state:dead", "-state:dead", "arg.0:*", 'id:"\\\\"', "-x", "a*", "nofield:b"])
def test_what_it_says_can_be_pasted(
    command: CommandLine, workshop: Workshop, monkeypatch: pytest.MonkeyPatch, id: str
) -> None:
    for other in ("state:other", id):
        command.output("enqueue", "add", f"--id={other}")
        workshop.bury(workshop.claim())
    monkeypatch.setenv("REDISCHED_URL", command.url)

    _, said = run("explain", "--", id).stdout.split("Let it run again: redisched ")

    assert run(*shlex.split(said)).stdout.startswith("1 replayed.")
    assert run("task", "show", "--", id).stdout.startswith("No live worker")
    assert "dead" in run("task", "show", "state:other").stdout


def test_an_unknown_task_is_an_error_as_of_task_show(command: CommandLine) -> None:
    command.output("enqueue", "add", "--id", "a")

    for words in (["nosuch"], ["a", "--queue", "other"]):
        explained, shown = command.run("explain", *words), command.run("task", "show", *words)
        assert (explained.exit_code, explained.stderr) == (shown.exit_code, shown.stderr) == (1, shown.stderr)
    command.output("enqueue", "add", "--id", "a", "--queue", "other")
    assert command.run("explain", "a").exit_code == 2
    assert command.run("explain").exit_code == 2
