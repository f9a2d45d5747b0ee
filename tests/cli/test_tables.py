"""Tables: ids and names, which people copy, are never cut, even on a narrow terminal."""

import pytest

from redisched.cli.tables import print_table
from tests.cli.commands import CommandLine, run_on_terminal
from tests.cli.workshop import Workshop

LONG_ID = "order:" + "x" * 190 + ":end"
LONG_QUEUE = "mails-of-customers-in-" + "y" * 60
LISTINGS = [
    (("task", "ls"), (LONG_ID, LONG_QUEUE)),
    (("task", "ls", "--state", "scheduled"), (LONG_ID, LONG_QUEUE)),
    (("dead", "ls"), ("dead-" + LONG_ID[5:],)),
    (("task", "ls", "--state", "dead"), ("dead-" + LONG_ID[5:],)),
    (("queue", "ls"), (LONG_QUEUE,)),
    (("queue", "ls", "--shards"), (LONG_QUEUE,)),
    (("task", "show", LONG_ID), (LONG_ID, LONG_QUEUE)),
]


@pytest.mark.parametrize("columns", ["20", *(pytest.param(wider, marks=pytest.mark.nightly) for wider in ("80", "0"))])
def test_ids_and_names_are_never_cut(command: CommandLine, workshop: Workshop, columns: str) -> None:
    command.output("enqueue", "add", "--id", "dead-" + LONG_ID[5:])
    workshop.bury(workshop.claim(), error="ValueError: " + "no " * 100)
    command.output("enqueue", "add", "text " * 50, "--id", LONG_ID, "--queue", LONG_QUEUE, "--delay", "1h")

    for words, wholes in LISTINGS:
        on_terminal = run_on_terminal(*words, "--url", command.url, COLUMNS=columns, TERM="xterm")
        piped = command.output(*words)
        for whole in wholes:
            assert whole in on_terminal, words
            assert whole in piped, words


def test_the_last_column_is_cut_to_the_width_of_the_terminal(command: CommandLine) -> None:
    command.output("enqueue", "add", "text " * 50, "--id", "one")

    lines = run_on_terminal("task", "ls", "--url", command.url, COLUMNS="90", TERM="dumb").splitlines()

    assert {len(line) for line in lines} == {len(lines[0]), 90}
    assert lines[1].endswith("…")


def test_numbers_are_aligned_right_and_wide_letters_take_two_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "25")

    print_table(("ID", "COUNT", "TEXT"), [("a", 5, "日本語日本語日本語"), ("b", 123, None)], cut="TEXT")

    assert capsys.readouterr().out.splitlines() == [
        "ID  COUNT  TEXT",
        "a       5  日本語日本語…",
        "b     123  -",
    ]
