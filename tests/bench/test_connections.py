"""Connections are told apart by the names that their URLs give them."""

from contextlib import closing
from threading import Thread

import pytest

from redisched.bench import connections as module
from redisched.bench.connections import connections, named, wait_idle
from redisched.bench.workbench import MeasurementFailed, Workbench
from redisched.store.broker import connect


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://host:6379/0", "redis://host:6379/0?client_name=me"),
        ("unix:///a/b.sock?db=1", "unix:///a/b.sock?db=1&client_name=me"),
    ],
)
def test_a_name_is_added_to_the_options_of_the_url(url: str, expected: str) -> None:
    assert named(url, "me") == expected


def test_only_connections_of_the_given_name_are_found(workbench: Workbench) -> None:
    with closing(connect(named(workbench.url, "me"), 5.0)) as mine, closing(connect(workbench.url, 5.0)) as nobodys:
        mine.client().perform(("PING",))
        nobodys.client().perform(("PING",))
        (found,) = connections(workbench, ["me", "you"])

    assert (found.name, found.is_blocked) == ("me", False)


def test_the_bench_waits_until_a_connection_listens(workbench: Workbench) -> None:
    with closing(connect(named(workbench.url, "me"), 5.0)) as mine:
        waiting = Thread(target=mine.client().perform, args=(("BLPOP", "work", 0),))
        waiting.start()
        wait_idle(workbench, ["me"], 1)
        workbench.command("RPUSH", "work", "1")
        waiting.join()


def test_workers_that_never_listen_are_given_up(workbench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "READY_WITHIN_S", 0.01)

    with pytest.raises(MeasurementFailed, match=r"0 workers wait for work .* and not 2"):
        wait_idle(workbench, ["me"], 2)
