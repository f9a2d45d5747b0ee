"""`redisched task` lists tasks and shows their state."""

import re

import pytest

from redisched.model import Failure, Keep
from redisched.progress import Progress
from redisched.store.values import Checkpoint
from tests.cli.commands import CommandLine
from tests.cli.workshop import WORKER, Workshop


def test_a_waiting_task_is_shown(command: CommandLine) -> None:
    command.output("enqueue", "add", "1", "x", "--kwarg", "k=2", "--id", "one", "--delay", "1h")

    shown = command.output("task", "show", "one")

    assert 'arguments  1, "x", k=2' in shown
    assert "state      scheduled" in shown
    assert "run at     in 59 min" in shown


def test_a_running_task_is_shown(command: CommandLine, workshop: Workshop) -> None:
    command.output("enqueue", "add", "--id", "one")
    workshop.start(workshop.claim())

    shown = command.output("task", "show", "one")
    record = command.record("task", "show", "one")

    assert "running" in shown
    assert "lease until" in shown
    assert (record["state"], record["worker"]) == ("running", WORKER)
    assert record["lease_until_ms"] > record["now_ms"]


def test_a_task_that_failed_and_waits_is_shown(command: CommandLine, workshop: Workshop) -> None:
    command.output("enqueue", "add", "--id", "one")
    workshop.fail(workshop.claim(), "ValueError: not yet")

    shown = command.output("task", "show", "one")

    assert "retrying" in shown
    assert "ValueError: not yet" in shown
    assert command.record("task", "show", "one")["attempts"] == 1


def test_the_running_attempt_is_counted(command: CommandLine, workshop: Workshop) -> None:
    command.output("enqueue", "add", "--id", "one")
    workshop.start(workshop.claim())

    assert command.record("task", "show", "one")["attempts"] == 1
    assert re.search(r"^attempts +1$", command.output("task", "show", "one"), re.MULTILINE)
    assert command.rows("task", "ls", "--state", "running")[0][6] == "1"
    assert command.record("task", "ls", "--state", "running")[0]["attempts"] == 1


def test_a_task_that_succeeded_is_shown(command: CommandLine, workshop: Workshop) -> None:
    command.output("enqueue", "add", "--id", "one")
    workshop.succeed(workshop.claim(), {"sum": 3})

    record = command.record("task", "show", "one")

    assert (record["state"], record["result"]) == ("succeeded", {"sum": 3})
    assert '{"sum": 3}' in command.output("task", "show", "one")


def test_a_dead_task_is_shown_with_its_error_and_the_command_to_revive_it(
    command: CommandLine, workshop: Workshop
) -> None:
    command.output("enqueue", "add", "--id", "one")
    workshop.bury(workshop.claim(), error="ValueError: no", traceback="Traceback:\n  one\n  two")

    shown = command.output("task", "show", "one")
    failure = command.record("task", "show", "one")["failure"]

    assert "\nAttempt 5:\nTraceback:\n  one\n  two\n" in shown
    assert "redisched dead retry one" in shown
    assert (failure["error"], failure["reason"], failure["attempt"]) == ("ValueError: no", "attempts used up", 5)


def test_every_failed_attempt_of_a_task_is_shown(command: CommandLine, workshop: Workshop) -> None:
    command.output("enqueue", "add", "--id", "one", "--keep", "task")
    for attempt, error in enumerate(("OSError: first", "ValueError: second"), 1):
        failure = Failure(
            name="add", error=error, traceback=f"Traceback of {attempt}", attempt=attempt, worker=WORKER, due_ms=1_000,
            started_ms=2_000, failed_ms=5_500,
        )  # fmt: skip
        workshop.retry(workshop.claim(), failure)
    workshop.succeed(workshop.claim(), 3, keep=Keep.TASK)

    shown = command.output("task", "show", "one")
    rows = [line.split("\t") for line in shown.splitlines() if line.startswith(("attempt\t", "1\t", "2\t"))]
    record = command.record("task", "show", "one")

    assert rows == [
        ["attempt", "failed at", "late", "ran", "worker", "error"],
        *(
            [number, "1970-01-01 00:00:05.500+00:00", "1.0 s", "3.5 s", WORKER, error]
            for number, error in (("1", "OSError: first"), ("2", "ValueError: second"))
        ),
    ]
    assert ("Traceback of 2" in shown, "Traceback of 1" in shown) == (True, False)
    assert "Traceback of 1" in command.output("task", "show", "one", "--tracebacks")
    assert [failure["error"] for failure in record["failures"]] == ["OSError: first", "ValueError: second"]
    assert (record["args"], record["keep"], record["failure"]) == ([], "task", record["failures"][1])


def test_a_checkpoint_is_shown_by_its_size(command: CommandLine, workshop: Workshop) -> None:
    command.output("enqueue", "add", "--id", "pages")
    lease = workshop.claim()
    workshop.do(workshop.store.checkpoint([Checkpoint("pages", lease.token, b"page 7")]))

    assert "6 bytes" in command.output("task", "show", "pages")
    assert command.record("task", "show", "pages")["checkpoint_bytes"] == 6


def test_what_a_handler_tells_is_shown_with_its_task(command: CommandLine, workshop: Workshop) -> None:
    command.output("enqueue", "add", "--id", "pages")
    lease = workshop.claim()
    workshop.tell(lease, Progress(done=1, total=4, note="one", at_ms=5), "\n".join(map(str, range(202))))

    shown, record = command.output("task", "show", "pages"), command.record("task", "show", "pages")

    assert "progress  25 %, 1 of 4, one" in " ".join(shown.split(" " * 4)).replace("     ", "  ")
    assert shown.splitlines()[-3:] == ["00:00:01  199", "00:00:01  200", "00:00:01  201"]
    assert "(2 lines before this not kept)" in shown
    assert record["progress"] == {
        "done": 1, "total": 4, "fraction": 0.25, "note": "one", "left_s": None, "attempt": 1, "at_ms": 5,
    }  # fmt: skip
    assert (len(record["log"]), record["log_dropped"]) == (200, 2)
    assert record["log"][0] == {"number": 3, "attempt": 1, "at_ms": 1_000, "text": "2"}


def test_json_has_every_key_for_every_task(command: CommandLine, workshop: Workshop) -> None:
    command.output("enqueue", "add", "--id", "waits")
    command.output("enqueue", "add", "--id", "ended", "--priority", "0")
    workshop.succeed(workshop.claim(), None)

    keys = {
        "id", "queue", "shard", "schedule", "slot_ms", "state", "name", "args", "kwargs", "codec", "headers",
        "priority", "run_at_ms", "attempts", "crashes", "redeliveries", "max_attempts", "timeout_ms", "retention_ms",
        "keep", "expires_ms", "deadline_ms", "checkpoint_bytes",
        "cancel_requested", "worker", "lease_until_ms", "started_ms", "ended_ms", "forgotten_ms", "result", "failure",
        "failures", "undecodable", "now_ms", "unique_key", "unique_for", "is_successor", "progress", "log",
        "log_dropped", "queue_paused", "explanation", "claimed_ms",
    }  # fmt: skip
    assert command.record("task", "show", "waits").keys() == keys
    assert command.record("task", "show", "ended").keys() == keys


def test_an_unknown_task_is_an_error(command: CommandLine) -> None:
    for words in (("show", "nosuch"), ("cancel", "nosuch"), ("show", "nosuch", "--queue", "mail")):
        result = command.run("task", *words)

        assert result.exit_code == 1
        assert "unknown" in result.stderr


@pytest.mark.parametrize("verb", ["show", "cancel"])
def test_an_invalid_id_is_bad_usage(command: CommandLine, verb: str) -> None:
    assert command.run("task", verb, "a b").exit_code == 2


def test_an_id_in_two_queues_is_refused_without_a_queue(command: CommandLine) -> None:
    command.output("enqueue", "add", "--id", "one", "--queue", "a")
    command.output("enqueue", "add", "--id", "one", "--queue", "b")

    result = command.run("task", "show", "one")

    assert result.exit_code == 2
    assert "a, b" in result.stderr
    assert command.record("task", "show", "one", "--queue", "b")["queue"] == "b"
