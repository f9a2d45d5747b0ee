"""`redisched top` as somebody has it before them: a process on a terminal, at 80 columns and at 160."""

import re
import signal
from collections.abc import Callable
from typing import TypeAlias

import pytest

from redisched.chaos.server import Server
from redisched.client.scheduler import Scheduler
from redisched.embedded import Persistence
from tests.brokers import BrokerKind, Servers, binary_of
from tests.cli.top.terminal import Terminal
from tests.waiting import wait_until

SIZES = [(80, 24), (160, 48)]


@pytest.fixture
def url(servers: Servers, shop: Scheduler) -> str:
    """The server of the shop."""
    return servers.url(BrokerKind.VALKEY)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_queues_workers_and_tasks_are_seen_a_queue_is_paused_and_the_terminal_is_restored(
    shop: Scheduler, url: str, size: tuple[int, int]
) -> None:
    with Terminal("top", "--url", url, size=size) as terminal:
        terminal.sees("QUEUE\u25b2", "billing", "thumbnails", "WORKER\u25b2", "web-3:4122", "imports.read")
        assert ("MEMORY" in terminal.text()) is (size[0] > 80)
        terminal.press("j")
        terminal.sees("default: 1 worker serves it")
        terminal.press("p")
        terminal.sees("Pause default?", "Workers take none of its tasks")
        terminal.press("y")
        terminal.sees("default is paused.")
        assert shop.queue("default").paused() is not None
        terminal.sees("\u2016 default")
        terminal.press("k")
        terminal.sees("billing: 1 worker serves it")
        terminal.press("enter")
        terminal.sees("redisched top  billing", "\u2717 dead 6", "charge-5")
        terminal.press("/")
        terminal.sees("Open a task")
        terminal.press(*"charge-again", "enter")
        terminal.sees("billing / charge-again", "The task has failed in 2 attempts", 'card_token="[redacted]"')
        terminal.press("q")
        assert terminal.end() == 0
        assert terminal.is_restored()


def test_another_size_is_another_layout(url: str) -> None:
    with Terminal("top", "--url", url, size=(80, 24)) as terminal:
        terminal.sees("thumbnails")
        assert "MEMORY" not in terminal.text()
        terminal.resize(160, 48)
        terminal.sees("MEMORY", "thumbnails", "redisched dead groups")


Stop: TypeAlias = Callable[[Terminal], None]


@pytest.mark.parametrize(
    ("stop", "exit_code"),
    [
        (lambda terminal: terminal.press("ctrl+c"), 130),
        (lambda terminal: terminal.process.send_signal(signal.SIGINT), 130),
        (lambda terminal: terminal.process.send_signal(signal.SIGTERM), 143),
    ],
    ids=["Ctrl-C", "SIGINT", "SIGTERM"],
)
def test_however_it_is_stopped_the_terminal_is_restored(url: str, stop: Stop, exit_code: int) -> None:
    with Terminal("top", "--url", url, size=(80, 24)) as terminal:
        terminal.sees("thumbnails")
        stop(terminal)
        assert terminal.end() == exit_code
        assert terminal.is_restored()


def test_it_ends_with_the_connection_of_its_user(url: str) -> None:
    with Terminal("top", "--url", url, size=(80, 24)) as terminal:
        terminal.sees("thumbnails")
        terminal.hang_up()
        wait_until(lambda: terminal.process.poll() is not None, "the process has ended", 60)


def test_without_colours_no_colour_is_sent(url: str) -> None:
    with Terminal("top", "--url", url, size=(80, 24), NO_COLOR="1") as terminal:
        terminal.sees("thumbnails", "\u2717 6 dead")
        terminal.press("j")
        terminal.sees("default: 1 worker serves it")
        codes = {code for found in re.findall(rb"\x1b\[([\d;]*)m", terminal.written) for code in found.split(b";")}
        assert b"7" in codes, "the cursor is seen"
        assert codes <= {b"", b"0", b"1", b"2", b"4", b"7", b"39", b"49"}


def test_an_empty_setting_leaves_colours_on(url: str) -> None:
    with Terminal("top", "--url", url, size=(80, 24), NO_COLOR="") as terminal:
        terminal.sees("thumbnails")
        assert b";31;" in terminal.written or b"[31" in terminal.written


@pytest.mark.fault
def test_a_redis_that_stands_still_is_waited_for() -> None:
    with Server(binary=binary_of(BrokerKind.VALKEY), persistence=Persistence.NONE) as server:
        app = Scheduler(url=server.url)
        app.enqueue("mail.send", queue="mail")
        app.close()
        with Terminal("top", "--url", server.url, "--every", "1", size=(80, 24)) as terminal:
            terminal.sees("mail")
            server.pause()
            terminal.sees("\u25b2 last update ", "s ago: Redis is unavailable", "  mail ")
            server.resume()
            terminal.sees("every 1 s", "  mail ")
            terminal.press("q")
            assert terminal.end() == 0
