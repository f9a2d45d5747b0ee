"""`redisched task` lists tasks and shows their state."""

import re

import pytest

from redisched.client.scheduler import Scheduler
from redisched.model import Failure, Keep
from redisched.progress import Progress
from redisched.store.values import Checkpoint
from tests.cli.commands import CommandLine
from tests.cli.workshop import WORKER, Workshop


def ids(command: CommandLine, *words: str) -> list[str]:
    """The ids in a listing; text and JSON must show the same."""
    listed = [record["id"] for record in command.record("task", "ls", *words)]
    if listed:
        assert [row[0] for row in command.rows("task", "ls", *words)] == listed
    return listed


def test_pending_tasks_are_listed_in_the_order_in_which_they_will_run(command: CommandLine) -> None:
    command.output("enqueue", "add", "--id", "normal")
    command.output("enqueue", "add", "--id", "second")
    command.output("enqueue", "add", "--id", "bulk", "--priority", "bulk")
    command.output("enqueue", "add", "--id", "urgent", "--priority", "0", "--queue", "mail")
    command.output("enqueue", "add", "--id", "in-2-h", "--delay", "2h", "--priority", "0")
    command.output("enqueue", "add", "--id", "in-1-h", "--delay", "1h", "--queue", "mail")

    assert ids(command) == ["urgent", "normal", "second", "bulk", "in-1-h", "in-2-h"]


def test_a_listing_is_cut_at_its_limit(command: CommandLine) -> None:
    for number in range(4):
        command.output("enqueue", "add", "--id", f"a{number}", "--queue", "a")
        command.output("enqueue", "add", "--id", f"b{number}", "--queue", "b", "--priority", "1")

    assert ids(command, "--limit", "5") == ["b0", "b1", "b2", "b3", "a0"]


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_listing_says_how_to_continue_and_the_next_page_follows(command: CommandLine, form: tuple[str, ...]) -> None:
    for number in range(4):
        command.output("enqueue", "add", "--id", f"a{number}", "--queue", "a", "--delay", "1h")
        command.output("enqueue", "add", "--id", f"b{number}", "--queue", "b", "--priority", "1")

    seen: list[str] = []
    words: tuple[str, ...] = ()
    for _ in range(3):
        page = command.run("task", "ls", "--limit", "3", *form, *words)
        assert page.exit_code == 0, page.stderr
        seen += re.findall(r"\b[ab]\d\b", page.stdout)
        told = re.fullmatch(r"There may be more: repeat the command with (--cursor) (\S+)\n|", page.stderr)
        assert told is not None, page.stderr
        words = (told[1], told[2]) if told[1] else ()

    assert words == (), "the last page names no next one"
    assert seen == ["b0", "b1", "b2", "b3", "a0", "a1", "a2", "a3"]


def test_an_invalid_place_to_continue_at_is_bad_usage(command: CommandLine) -> None:
    for place in ("", "later", "later:x:a", "nowhere:1:a", "later:1:", "later:1=a", "due:1:a\n"):
        result = command.run("task", "ls", "--after", place)

        assert result.exit_code == 2
        assert "as the end of a listing told it" in result.stderr


def test_a_listing_does_not_read_the_whole_queue(
    command: CommandLine, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redisched.cli.listing.LOOKS", 250)
    app = Scheduler(url)
    app.enqueue_many(app.request("add", number) for number in range(700))
    app.close()
    command.output("enqueue", "other", "--id", "last", "--priority", "9")

    result = command.run("task", "ls", "--name", "other")
    assert "last" not in result.stdout
    assert "None found so far." in result.stdout
    for _ in range(2):
        result = command.run("task", "ls", "--name", "other", *result.stderr.split()[-2:])
    assert "last" in result.stdout


def test_filters_select_tasks(command: CommandLine, workshop: Workshop) -> None:
    command.output("enqueue", "add", "--id", "dead")
    workshop.bury(workshop.claim())
    command.output("enqueue", "add", "--id", "leased")
    workshop.claim()
    command.output("enqueue", "add", "--id", "mail", "--queue", "mail")
    command.output("enqueue", "other", "--id", "other")
    command.output("enqueue", "add", "--id", "later", "--delay", "1h")

    assert ids(command, "--state", "dead") == ["dead"]
    assert ids(command, "--state", "leased", "--state", "dead") == ["leased", "dead"]
    assert ids(command, "--state", "scheduled") == ["later"]
    assert ids(command, "--queue", "mail") == ["mail"]
    assert ids(command, "--name", "other") == ["other"]
    assert ids(command, "--name", "add") == ["mail", "later"]
    assert ids(command, "--name", "add", "--limit", "1") == ["mail"]
    assert ids(command, "--name", "nosuch") == []


def test_an_empty_listing_says_what_to_type(command: CommandLine) -> None:
    assert "redisched enqueue" in command.output("task", "ls")
    assert "redisched task ls" in command.output("task", "ls", "--state", "dead")
    assert command.record("task", "ls") == []


def test_an_unknown_queue_is_an_error(command: CommandLine) -> None:
    command.output("enqueue", "add")

    result = command.run("task", "ls", "--queue", "mial")

    assert result.exit_code == 1
    assert "there are: default" in result.stderr


@pytest.mark.parametrize("words", [("--state", "pending"), ("--limit", "0"), ("--queue", "a b")])
def test_a_bad_filter_is_bad_usage(command: CommandLine, words: tuple[str, ...]) -> None:
    assert command.run("task", "ls", *words).exit_code == 2


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
        "log_dropped", "queue_paused", "explanation",
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


def test_a_filter_by_name_looks_past_the_first_page(command: CommandLine, url: str) -> None:
    app = Scheduler(url)
    app.enqueue_many(app.request("add", number) for number in range(700))
    app.close()
    command.output("enqueue", "other", "--id", "last", "--priority", "9")

    assert ids(command, "--name", "other") == ["last"]
