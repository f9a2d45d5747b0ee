"""While Redis does not answer, the last reading stays with its age, and the next one comes by itself."""

import pytest
from textual.worker import WorkerFailed

from redisched.cli.top.keyspace import Keyspace
from redisched.cli.top.readings import Overview
from redisched.client.scheduler import Scheduler
from redisched.client.worker_calls import WorkerView
from redisched.errors import AccessDenied, BrokerUnavailable
from tests.cli.top.viewer import Viewer, view


class BrokenKeyspace(Keyspace):
    """Redis is away while `is_away`."""

    is_away = False

    async def overview(self) -> Overview:
        if self.is_away:
            raise BrokerUnavailable("refused\x1b[31m", 4.1)
        return await super().overview()


def test_the_last_reading_stays_with_its_age(shop: Scheduler) -> None:
    keyspace = BrokenKeyspace(shop)

    async def scenario(viewer: Viewer) -> None:
        await viewer.sees("thumbnails", "every 3600 s")
        keyspace.is_away = True
        viewer.clock.now_s += 12
        await viewer.press("r")
        await viewer.sees("\u25b2 last update 12 s ago: ", "\\x1b[31m", "thumbnails")
        keyspace.is_away = False
        await shop.enqueue_async("add", queue="a-new-queue")
        await viewer.press("r")
        await viewer.sees("every 3600 s", "a-new-queue")
        assert "last update" not in viewer.text()

    view(shop, scenario, keyspace=keyspace)


def test_a_redis_that_is_away_from_the_start_is_waited_for(shop: Scheduler) -> None:
    keyspace = BrokenKeyspace(shop)
    keyspace.is_away = True

    async def scenario(viewer: Viewer) -> None:
        await viewer.sees("\u25b2 nothing read yet: ")
        keyspace.is_away = False
        await viewer.press("r")
        await viewer.sees("thumbnails", "every 3600 s")

    view(shop, scenario, keyspace=keyspace)


def test_a_reading_that_takes_long_shows_the_age_of_the_one_before(shop: Scheduler) -> None:
    async def scenario(viewer: Viewer) -> None:
        await viewer.sees("every 3600 s")
        viewer.clock.now_s += 3_700
        await viewer.sees("last update 1 h ago")

    view(shop, scenario)


class FewRights(Keyspace):
    """A user of Redis who may read queues alone."""

    async def workers(self) -> tuple[WorkerView, ...]:
        raise AccessDenied("EVALSHA", "this user may not read workers")


def test_a_user_with_few_rights_sees_the_queues(tasks: Scheduler) -> None:
    tasks.enqueue("mail.send", queue="mail")

    async def scenario(viewer: Viewer) -> None:
        # That no worker serves it, nobody knows.
        await viewer.sees("mail", "this user may not read workers")
        await viewer.press("enter")
        await viewer.sees("redisched top  mail", "ready 1")

    view(tasks, scenario, keyspace=FewRights(tasks))


def test_what_redis_refuses_is_said(tasks: Scheduler) -> None:
    class Refused(Keyspace):
        async def queues(self) -> list[str]:
            raise AccessDenied("SMEMBERS", "this user has no permissions to run the command")

    async def scenario(viewer: Viewer) -> None:
        await viewer.sees("nothing read yet", "no permissions")

    view(tasks, scenario, keyspace=Refused(tasks))


class Faulty(Keyspace):
    """Has a bug."""

    async def overview(self) -> Overview:
        secret = "hunter2"
        raise ZeroDivisionError(len(secret))


def test_a_bug_ends_the_view_and_shows_no_values(tasks: Scheduler, capsys: pytest.CaptureFixture[str]) -> None:
    async def scenario(viewer: Viewer) -> None:
        await viewer.until(lambda: False, "it has ended")

    with pytest.raises(WorkerFailed, match="ZeroDivisionError"):
        view(tasks, scenario, keyspace=Faulty(tasks))
    printed = capsys.readouterr().err
    assert "raise ZeroDivisionError" in printed
    # The line of the program is there; what the variable holds appears nowhere else.
    assert printed.count("hunter2") == printed.count('secret = "hunter2"')
