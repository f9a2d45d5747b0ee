"""Commands take filters as words, to which options only add; ids and filters are never mixed up."""

import re

import pytest

from redisched.client.scheduler import Scheduler
from redisched.model import Failure
from tests.cli.commands import CommandLine
from tests.cli.workshop import WORKER, Workshop


@pytest.fixture
def tasks(command: CommandLine, workshop: Workshop) -> None:
    """Tasks in every kind of state, in two queues."""
    command.output("enqueue", "add", "--id", "dead")
    workshop.bury(workshop.claim(), error="TimeoutError: no answer, 3 s")
    command.output("enqueue", "add", "--id", "failed")
    workshop.retry(workshop.claim(), Failure(name="add", error="OSError: no server"))
    workshop.start(workshop.claim())
    command.output("enqueue", "send_mail", "--id", "mail", "--queue", "mail", "--kwarg", "order_id=42")
    command.output("enqueue", "send_bill", "7", "--id", "bill", "--queue", "mail", "--priority", "high")
    command.output("enqueue", "add", "--id", "later", "--delay", "1h")


def ids(command: CommandLine, *words: str) -> set[str]:
    listed = {record["id"] for record in command.record("task", "ls", *words)}
    assert {row[0] for row in command.rows("task", "ls", *words)} == listed or not listed
    return listed


@pytest.mark.usefixtures("tasks")
@pytest.mark.parametrize(
    ("words", "found"),
    [
        ((), {"mail", "bill", "later"}),
        (("queue:mail",), {"mail", "bill"}),
        (("name:send_*", "-queue:default"), {"mail", "bill"}),
        (("-name:send_*",), {"later"}),
        (("state:any",), {"mail", "bill", "later", "failed", "dead"}),
        (("state:any", "--queue", "default"), {"later", "failed", "dead"}),
        (("state:dead,running",), {"dead", "failed"}),
        (("--state", "dead", "--state", "running", "error:Timeout"), {"dead"}),
        (("error:timeout",), {"dead"}),
        (('error:"no answer, 3"',), {"dead"}),
        (("error:no", "-error:server"), {"dead"}),
        (("--error", "^OS"), {"failed"}),
        (("arg.order_id:42",), {"mail"}),
        (("arg.0:7",), {"bill"}),
        (("--name", "send_*", "priority:<5"), {"bill"}),
        (("id:mail,dead",), {"mail", "dead"}),
        (("age:..1h", "state:any"), {"mail", "bill", "dead"}),
        (("--since", "1h", "state:dead"), {"dead"}),
        (("--since", "2020-01-01T00:00:00Z", "state:dead"), {"dead"}),
        (("--since", "2100-01-01T00:00:00Z", "state:dead"), set()),
        (("worker:worker-*",), {"failed", "dead"}),
        (("send",), {"mail", "bill"}),
        (("state:ready name:send_mail",), {"mail"}),
        (("state:ready", "--state", "dead"), set()),
    ],
)
def test_words_and_options_add_up_to_one_filter(command: CommandLine, words: tuple[str, ...], found: set[str]) -> None:
    assert ids(command, *words) == found


@pytest.mark.usefixtures("tasks")
def test_tasks_that_workers_have_are_shown_with_worker_and_time(command: CommandLine) -> None:
    printed = command.output("task", "ls", "state:running").splitlines()

    assert printed[0].split("\t") == ["id", "queue", "state", "name", "worker", "running for", "attempts", "arguments"]
    (row,) = [line.split("\t") for line in printed[1:]]
    assert row[:5] == ["failed", "default", "running", "add", WORKER]
    assert re.fullmatch(r"\d+ d \d+ h", row[5]), "the workshop starts tasks in 1970"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("task", "ls", "status:dead"), "did you mean state?"),
        (("task", "ls", "state:daed"), "did you mean dead?"),
        (("task", "ls", "age:"), "write 1h.. and ..1h"),
        (("task", "ls", "error:no answer"), "write 'error:\"no answer\"'"),
        (("task", "ls", "--since", "yesterday"), "not a moment"),
        (("task", "ls", "--since", "1.2.3h"), "not a duration"),
        (("task", "ls", "--cursor", "nowhere"), "as the end of a listing told it"),
        (("task", "ls", "--nosuch"), "No such option"),
        (("task", "cancel", "error:no answer", "--yes"), "may be one value or several terms"),
        (("task", "cancel", "state:ready", "one", "--yes"), "either the ids of tasks or a filter"),
        (("task", "cancel", "one", "--since", "1h", "--yes"), "either the ids of tasks or a filter"),
        (("task", "cancel", "state:dead", "--yes"), "one of leased, ready"),
        (("dead", "retry", "--args", "[1]", "name:add"), "give its id"),
        (("dead", "groups", "--last", "0"), "0 is not in the range"),
    ],
)
def test_what_is_wrong_is_refused_and_nothing_is_done(
    command: CommandLine, words: tuple[str, ...], complaint: str
) -> None:
    command.output("enqueue", "add", "--id", "one")

    result = command.run(*words)

    assert result.exit_code == 2
    assert complaint in " ".join(result.stderr.split())
    assert command.record("task", "show", "one")["state"] == "ready"


@pytest.mark.usefixtures("tasks")
def test_a_command_acts_on_a_filter_after_yes(command: CommandLine) -> None:
    asked = command.run("task", "cancel", "name:send_*", "-arg.order_id:42")
    assert (asked.exit_code, asked.stdout) == (1, "1 task to cancel: 1 ready.\n")
    assert "repeat the command with --yes" in asked.stderr

    assert command.record("task", "cancel", "name:send_*", "-arg.order_id:42", "--yes") == [
        {"id": "bill", "queue": "mail", "outcome": "cancelled"}
    ]
    assert command.output("task", "reprioritize", "--priority", "0", "id:mail", "--yes") == "1 changed.\n"
    assert command.output("task", "run-now", "state:scheduled", "--yes") == "1 changed.\n"
    assert command.output("task", "retry", "state:dead error:Timeout", "--yes").startswith("1 replayed.\n")
    assert command.output("task", "delete", "state:ready", "--queue", "default", "--yes") == "2 deleted.\n"
    assert ids(command, "state:pending,dead,running") == {"mail", "failed"}


@pytest.mark.usefixtures("tasks")
def test_dead_tasks_are_listed_retried_and_discarded_by_a_filter(command: CommandLine, workshop: Workshop) -> None:
    assert [row[0] for row in command.rows("dead", "ls", "error:Timeout", "--since", "1h")] == ["dead"]
    assert command.output("dead", "ls", "-error:Timeout") == "No such task is dead.\n"
    assert command.output("dead", "discard", "error:other", "--yes") == "No task was changed.\n"
    assert command.output("dead", "retry", "--error", "Timeout", "--since", "1h", "--yes").startswith("1 replayed.")
    assert command.record("dead", "ls") == []


def test_an_id_that_looks_like_a_term_is_named_by_one(command: CommandLine) -> None:
    command.output("enqueue", "add", "--id", "name:7")
    command.output("enqueue", "add", "--id", "order:7")

    assert command.output("task", "cancel", "order:7") == "1 cancelled.\n"
    assert command.output("task", "cancel", 'id:"name:7"', "--yes") == "1 cancelled.\n"


def test_an_unknown_id_that_may_be_a_filter_is_told_so(command: CommandLine) -> None:
    result = command.run("task", "cancel", "status:ready")

    assert result.exit_code == 1
    assert "'status:ready' is unknown" in result.stderr
    assert "if it is a filter, write state:" in result.stderr
    assert "filter" not in command.run("task", "cancel", "order:7").stderr


def test_an_empty_listing_says_where_else_to_look(command: CommandLine) -> None:
    command.output("enqueue", "add")

    assert "add state:any" in command.output("task", "ls", "name:other")
    assert "redisched task ls" in command.output("task", "ls", "state:dead")
    assert command.run("task", "ls", "queue:mial").exit_code == 1
    assert command.run("dead", "groups", "queue:mial").exit_code == 1


def test_a_listing_may_be_longer_than_a_page_of_redis(command: CommandLine, url: str) -> None:
    app = Scheduler(url)
    app.enqueue_many(app.request("add", number) for number in range(1_300))
    app.close()

    assert len(ids(command, "--limit", "1200")) == 1_200
