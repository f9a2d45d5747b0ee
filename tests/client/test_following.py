"""Following a task: each change is answered once, and each look at the task is one call."""

from collections.abc import Callable

import pytest

from redisched import Scheduler
from redisched.client.following import LOOK_EVERY_S, FollowedTask
from redisched.errors import UnknownTask
from redisched.keys import keys_of
from redisched.model import TaskState
from redisched.progress import Progress, encode_lines, encode_progress
from redisched.store.broker import Broker
from redisched.store.operation import Pause, ScriptMissing
from redisched.store.report import Report
from redisched.store.reported import Reported
from redisched.store.values import Ack, ClaimRequest
from tests.client.callers import Caller, Manner

CLAIM = ClaimRequest(worker="w", nonce="w-1", limit=1, ahead_ms=0, ahead_limit=0, lease_ms=30_000)


class Following:
    """Follows a task of which this test is the worker. `pauses` and `calls` are the steps of the latest change."""

    def __init__(self, app: Scheduler) -> None:
        self.connection = app._connection
        self.ref = app.enqueue("work", id="a")
        self.store = self.connection.store("default")
        self.followed = FollowedTask(self.connection, self.connection.run(self.ref.look(), "look"))
        self.token = 0
        self.calls = self.pauses = 0

    def claim(self) -> None:
        (lease,) = self.connection.run(self.store.claim(CLAIM), "claim").leases
        self.token = lease.token

    def tell(self, number: int = 0, log: str = "", done: int = 0) -> None:
        lines = b"".join(encode_lines(log, 1, 5)) if log else b""
        progress = encode_progress(Progress(done=done, total=10)) if done else b""
        self.connection.run(self.store.report([Report("a", self.token, number, 1, progress, lines)]), "report")

    def end(self) -> None:
        outcome = b"digest-a\x97\xa9succeeded\xa4work\x01\xa1w\x00\x00\x07"
        self.connection.run(self.store.ack([Ack("a", self.token, 60_000, outcome)]), "ack")

    def change(self, meanwhile: Callable[[], object] = lambda: None) -> Reported:
        """The next change. `meanwhile` happens in the second pause before it, so that one look finds no change."""
        operation, client = self.followed.next_change(), self.connection.broker.client()
        self.calls = self.pauses = 0
        try:
            step = next(operation)
            while True:
                reply = None
                if isinstance(step, Pause):
                    assert step.seconds == LOOK_EVERY_S
                    self.pauses += 1
                    if self.pauses == 2:
                        meanwhile()
                else:
                    assert isinstance(step, tuple)
                    try:
                        reply = client.perform(step)
                    except ScriptMissing as error:
                        step = operation.throw(error)
                        continue
                    self.calls += 1
                step = operation.send(reply)
        except StopIteration as stop:
            found: Reported = stop.value
            return found


@pytest.fixture
def following(broker: Broker) -> Following:
    return Following(Scheduler(broker=broker))


def test_each_change_is_answered_once_and_a_look_is_one_call(following: Following) -> None:
    assert following.change().view.state is TaskState.READY
    assert (following.pauses, following.calls) == (0, 1)

    assert following.change(following.claim).view.state is TaskState.LEASED
    assert (following.pauses, following.calls) == (2, 2)

    found = following.change(lambda: following.tell(log="one\ntwo", done=3))
    assert (found.progress, [line.text for line in found.log.lines]) == (Progress(done=3, total=10), ["one", "two"])

    found = following.change(lambda: following.tell(2, log="three"))
    assert [(line.number, line.text) for line in found.log.lines] == [(3, "three")]

    found = following.change(lambda: following.tell(done=4))
    assert (found.progress, found.log.lines) == (Progress(done=4, total=10), ())

    following.tell(3, log="four")
    found = following.change(following.end)
    assert ([line.text for line in found.log.lines], following.pauses, following.followed.has_ended) == (
        ["four"],
        1,
        False,
    )
    found = following.change(following.end)
    assert (found.view.state, following.followed.has_ended) == (TaskState.SUCCEEDED, True)


def test_the_end_comes_together_with_what_was_told_last(following: Following) -> None:
    following.claim()
    following.change()

    def end() -> None:
        following.tell(log="last", done=10)
        following.end()

    found = following.change(end)

    assert (found.view.state, [line.text for line in found.log.lines]) == (TaskState.SUCCEEDED, ["last"])
    assert found.progress == Progress(done=10, total=10)


def test_lines_that_were_dropped_meanwhile_show_by_their_numbers(following: Following) -> None:
    following.claim()
    following.tell(log="one")
    following.change()

    found = following.change(lambda: following.tell(400, log="late"))

    assert ([line.number for line in found.log.lines], found.log.dropped) == ([401], 400)


def test_a_task_that_is_forgotten_meanwhile_is_unknown(following: Following) -> None:
    following.change()

    def forget() -> None:
        keys = following.store.keys
        for key in (keys.waiting, keys.tasks):
            following.connection.broker.client().perform(("DEL", key))

    with pytest.raises(UnknownTask):
        following.change(forget)


@pytest.mark.parametrize("manner", Manner)
def test_a_reference_tells_what_its_handler_told(broker: Broker, manner: Manner) -> None:
    app = Scheduler(broker=broker)
    call, following = Caller(app, manner), Following(app)
    ref = app.ref("a")
    assert (call(ref.progress), call(ref.log).lines) == (None, ())

    following.claim()
    following.tell(log="one", done=3)

    assert (call(ref.progress), [line.text for line in call(ref.log).lines]) == (Progress(done=3, total=10), ["one"])
    broker.client().perform(("DEL", keys_of("default").held, keys_of("default").tasks))
    for method in (ref.progress, ref.log, app.ref("never").log):
        with pytest.raises(UnknownTask):
            call(method)
