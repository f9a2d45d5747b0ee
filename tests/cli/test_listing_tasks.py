"""`redisched task ls`: in which order, how much of it, and which tasks."""

import json
import re
from typing import Any, NoReturn

import pytest

from redisched.client.scheduler import Scheduler
from redisched.filters.reading import read_page
from tests.cli.commands import CommandLine, run_on_terminal
from tests.cli.workshop import Workshop


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


@pytest.fixture
def last_of_many(command: CommandLine, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many tasks, of which the last alone is of a handler, and searches that read a few at a time."""
    monkeypatch.setattr("redisched.cli.listing._LOOKS_AT_A_TIME", 250)
    app = Scheduler(url)
    app.enqueue_many(app.request("add", number) for number in range(700))
    app.close()
    command.output("enqueue", "other", "--id", "last", "--priority", "9")


@pytest.mark.usefixtures("last_of_many")
def test_a_search_goes_on_until_it_has_looked_at_all(command: CommandLine) -> None:
    result = command.run("task", "ls", "--name", "other", "--json")

    assert [record["id"] for record in json.loads(result.stdout)] == ["last"]
    assert result.stderr == ""


def test_a_search_says_how_far_it_is_on_a_terminal(command: CommandLine, url: str) -> None:
    app = Scheduler(url)
    app.enqueue_many(app.request("add", number) for number in range(2_100))
    app.close()
    printed = run_on_terminal("task", "ls", "--name", "other", "--url", url, TERM="xterm")

    told = [line for line in printed.replace("\x1b[K", "").split("\r") if "Ctrl-C" in line]
    assert told == [
        "looked at 1,000 of about 2,100, found 0; Ctrl-C stops",
        "looked at 2,000 of about 2,100, found 0; Ctrl-C stops",
    ]
    assert "No such task is pending" in printed


@pytest.mark.usefixtures("last_of_many")
def test_a_search_that_is_interrupted_prints_what_it_found_and_where_to_go_on(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[object] = []

    def interrupted(*given: Any) -> Any:
        reads.append(given)
        if len(reads) == 3:
            raise KeyboardInterrupt
        return read_page(*given)

    monkeypatch.setattr("redisched.cli.listing.read_page", interrupted)
    result = command.run("task", "ls", "--name", "other")
    assert (result.exit_code, result.stdout) == (130, "None found so far.\n")
    assert "Interrupted after a look at 600 tasks." in result.stderr
    monkeypatch.undo()
    assert ids(command, "--name", "other", *result.stderr.split()[-2:]) == ["last"]


@pytest.mark.usefixtures("last_of_many")
def test_a_reading_that_is_repeated_does_not_read_the_whole_queue(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_seconds: float) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr("redisched.cli.listing.LOOKS", 250)
    monkeypatch.setattr("redisched.cli.refreshing.sleep", interrupt)
    result = command.run("task", "ls", "--name", "other", "--watch")
    assert (result.exit_code, result.stdout) == (130, "None found so far.\n")
    assert "--cursor" in result.stderr


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


def test_a_filter_by_name_looks_past_the_first_page(command: CommandLine, url: str) -> None:
    app = Scheduler(url)
    app.enqueue_many(app.request("add", number) for number in range(700))
    app.close()
    command.output("enqueue", "other", "--id", "last", "--priority", "9")

    assert ids(command, "--name", "other") == ["last"]
