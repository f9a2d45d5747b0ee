"""T10: a run in which any one request or reply is lost ends in the same state as a run in which none is lost."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TypeAlias

import pytest

from redisched.chaos.command_names import OPENING
from redisched.chaos.fault import Action, Fault, Message
from redisched.chaos.proxy import Proxy
from redisched.store.broker import Broker, connect
from redisched.store.operation import Operation
from tests.brokers import BrokerKind, Servers
from tests.chaos.reply_cutting import AT_ONCE, Asyncio, Blocking, Story
from tests.script_rewriting import rewrite_scripts
from tests.server_time import ServerTime, read_movable_time
from tests.snapshot import snapshot_of

pytestmark = pytest.mark.fault

CHAPTERS = 7
CALLS = 200
"""So many calls at least are in all the chapters."""
WHOLE = range(CHAPTERS)
TIMEOUT_S = 2.0

Copy: TypeAlias = dict[bytes, bytes]
NOTHING: Copy = {}
Mannered = type[Blocking] | type[Asyncio]
SetStage = Callable[..., "Stage"]


class Stage:
    """A server behind a proxy, on which parts of a story can be run repeatedly."""

    def __init__(self, direct: Broker, proxy: Proxy, manner: Mannered, story: type[Story]) -> None:
        self.proxy = proxy
        self._perform = direct.client().perform
        self._direct = direct
        self._manner = manner
        self._story = story

    def put_back(self, copy: Copy) -> None:
        """Restore the keys of a copy."""
        self._perform(("FLUSHALL",))
        for key, content in copy.items():
            self._perform(("RESTORE", key, 0, content))

    def forget_scripts(self) -> None:
        """Make the server forget its scripts: the first call of each has to load it."""
        self._perform(("SCRIPT", "FLUSH"))

    def copy(self) -> Copy:
        """A copy of all keys."""
        return {key: self._perform(("DUMP", key)) for key in self._perform(("KEYS", "*"))}

    def tell(self, chapters: range, *faults: Fault) -> dict[bytes, list[bytes]]:
        """Run these chapters; answers what is in Redis afterwards."""
        self.proxy.set(*faults)
        asyncio.run(self._tell(chapters))
        return snapshot_of(self._direct)

    def calls_in(self, chapter: int) -> int:
        """How many calls a chapter takes if none is lost, without those that open a connection."""
        before = self.proxy.requests
        self.tell(range(chapter, chapter + 1))
        return sum(count for name, count in (self.proxy.requests - before).items() if name not in OPENING)

    async def _tell(self, chapters: range) -> None:
        broker = connect(self.proxy.url, TIMEOUT_S)
        try:
            await self._story(broker, self._manner(broker), ServerTime(self._direct)).tell(chapters)
        finally:
            broker.close()
            await broker.close_async()


@pytest.fixture
def set_stage(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> Iterator[SetStage]:
    """Makes the stage of a test."""
    monkeypatch.setattr("redisched.routing.chunk.CHUNK_TASKS", 2)
    monkeypatch.setattr("redisched.client.connection.RECONNECT_BACKOFF", AT_ONCE)
    load = rewrite_scripts(monkeypatch, read_movable_time)
    with ExitStack() as stack:

        def make(kind: BrokerKind, manner: Mannered, story: type[Story] = Story) -> Stage:
            broker = servers.broker(kind)
            stack.callback(broker.close)
            proxy = stack.enter_context(Proxy(servers.url(kind), load=load))
            return Stage(broker, proxy, manner, story)

        yield make


every_manner = pytest.mark.parametrize("manner", [Blocking, Asyncio])
every_server = pytest.mark.parametrize("kind", [BrokerKind.VALKEY, BrokerKind.REDIS])


def lose_each_in_turn(stage: Stage, message: Message, action: Action) -> None:
    """For each call, run the story with the request or the reply of this call lost, and compare the final states.

    The chapters before that of the loss are not run again: their state is restored from a copy.
    """
    undisturbed = stage.tell(WHOLE)
    stage.put_back(NOTHING)
    stage.forget_scripts()
    beginnings = [(chapter, stage.copy(), stage.calls_in(chapter)) for chapter in WHOLE]
    assert sum(calls for _, _, calls in beginnings) >= CALLS
    for chapter, copy, calls in beginnings:
        for call in range(1, calls + 1):
            fault = Fault(message=message, action=action, occurrence=call)
            stage.put_back(copy)
            if copy == NOTHING:
                stage.forget_scripts()
            assert stage.tell(range(chapter, CHAPTERS), fault) == undisturbed, f"{message} {call} of {chapter} was lost"
            assert stage.proxy.struck == [fault]


@every_server
@every_manner
@pytest.mark.timeout(600)
def test_t10_any_one_reply_is_lost(set_stage: SetStage, kind: BrokerKind, manner: Mannered) -> None:
    lose_each_in_turn(set_stage(kind, manner), Message.REPLY, Action.CUT)


@pytest.mark.chaos
@every_server
@every_manner
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("message", "action"),
    [(Message.REPLY, Action.CUT_HALFWAY), (Message.REQUEST, Action.CUT), (Message.REQUEST, Action.CUT_HALFWAY)],
)
def test_t10_any_one_message_is_lost_or_cut_half_way(
    set_stage: SetStage, kind: BrokerKind, manner: Mannered, message: Message, action: Action
) -> None:
    lose_each_in_turn(set_stage(kind, manner), message, action)


@every_server
@every_manner
def test_t10_every_request_is_lost_at_its_first_attempt(
    set_stage: SetStage, kind: BrokerKind, manner: Mannered
) -> None:
    """The server never sees a lost request, so one run shows as much as a run for each. The server knows the scripts
    already: a call that has to load its script takes two requests, of which always the same one would be lost.
    """
    stage = set_stage(kind, manner)
    undisturbed = stage.tell(WHOLE)
    every_other = range(1, 3 * CALLS, 2)
    faults = [Fault(message=Message.REQUEST, action=Action.CUT, occurrence=call) for call in every_other]

    stage.put_back(NOTHING)
    assert stage.tell(WHOLE, *faults) == undisturbed
    assert len(stage.proxy.struck) >= CALLS


class CarelessStory(Story):
    """A story with a call that must not be repeated."""

    async def tell(self, chapters: range) -> None:
        for _ in chapters:
            await self._manner.edge(self._push)

    def _push(self) -> Operation[None]:
        yield ("RPUSH", self._store.keys.wake, "1")


def test_a_call_that_is_not_safe_to_repeat_is_noticed(set_stage: SetStage) -> None:
    stage = set_stage(BrokerKind.VALKEY, Blocking, story=CarelessStory)
    undisturbed = stage.tell(WHOLE)

    for message, is_noticed in ((Message.REQUEST, False), (Message.REPLY, True)):
        stage.put_back(NOTHING)
        state = stage.tell(WHOLE, Fault(message=message, action=Action.CUT, occurrence=2))
        assert (state != undisturbed) is is_noticed
