"""What a command erases again on a terminal, and that one which cannot erase gets lines only."""

import pytest

from redisched import Scheduler
from tests.cli.commands import run_on_terminal
from tests.cli.workshop import Workshop

DELAYED = 2_100
ERASED = "\r\x1b[K"
COMMANDS = {
    "a search": (("task", "ls", "--name", "other"), "looked at 1,000 of about 2,100, found 0; Ctrl-C stops"),
    "an act on many tasks": (("task", "delete", "--queue", "default", "--yes"), "2100 tasks"),
    "a wait": (("queue", "drain", "default"), "0 tasks due, 0 with workers"),
}


@pytest.fixture
def delayed(url: str, workshop: Workshop) -> None:
    app = Scheduler(url)
    app.enqueue_many(app.request("add", number, delay=3600) for number in range(DELAYED))
    app.close()


@pytest.mark.usefixtures("delayed")
@pytest.mark.parametrize(("words", "status"), COMMANDS.values(), ids=COMMANDS)
def test_how_far_a_command_is_stands_in_one_line_that_is_erased(url: str, words: tuple[str, ...], status: str) -> None:
    printed = run_on_terminal(*words, "--url", url, TERM="xterm")

    assert f"{ERASED}{status}" in printed
    assert ERASED not in printed.rsplit(ERASED, 1)[1]
    assert printed.rsplit(ERASED, 1)[1].strip()


@pytest.mark.usefixtures("delayed")
@pytest.mark.parametrize("words", [words for words, _ in COMMANDS.values()], ids=COMMANDS)
def test_a_terminal_that_cannot_erase_gets_no_control_sequence(url: str, words: tuple[str, ...]) -> None:
    printed = run_on_terminal(*words, "--url", url, TERM="dumb")

    assert "\x1b" not in printed
    assert "\r" not in printed.replace("\r\n", "\n")
