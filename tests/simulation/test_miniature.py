"""The miniature answers as servers do: commands and replies of simulated worlds are compared with real servers."""

import re
from itertools import count, islice
from typing import Any

import pytest

from redisched.store.broker import Broker
from tests.brokers import SINGLE, BrokerKind, Servers
from tests.house.checkout import SCRIPTS
from tests.server_time import ServerTime, read_movable_time
from tests.simulation.many_worlds import ended
from tests.simulation.miniature import Miniature
from tests.simulation.plan import Fault, draw_plan
from tests.simulation.roster_world import RosterPlan, RosterWorld
from tests.simulation.server import digest_of
from tests.simulation.world import run_world

pytestmark = pytest.mark.differs_by_server

WORLDS = 4
COMMAND = re.compile(r"(?:redis\.call|call_in_chunks)\('(\w+)'")


class Conversation(list[tuple[int, list[bytes], Any]]):
    """All calls of a miniature: its time in microseconds, the command, and the reply."""

    def listen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Record all calls of every miniature from now on, with the source of scripts."""
        execute, pop = Miniature.execute, Miniature.pop

        def executed(miniature: Miniature, command: list[bytes]) -> Any:
            reply = execute(miniature, command)
            digest = digest_of(command)
            if digest:
                command = [b"EVAL", miniature.scripts[digest], *command[2:]]
            self.append((miniature.now_us(), command, reply))
            return reply

        def popped(miniature: Miniature, key: bytes) -> bytes | None:
            element = pop(miniature, key)
            self.append((miniature.now_us(), [b"LPOP", key], element))
            return element

        monkeypatch.setattr(Miniature, "execute", executed)
        monkeypatch.setattr(Miniature, "pop", popped)


def told(command: list[bytes], reply: Any) -> Any:
    """A reply without details that differ between servers, such as the order of a hash."""
    if command[0] == b"EVAL" and b"'HSCAN'" in command[1]:
        return sorted(reply, key=repr)
    if command[0] != b"HSCAN":
        return reply
    cursor, parts = reply
    return cursor, sorted(zip(parts[::2], parts[1::2], strict=True))


def with_movable_time(command: list[bytes]) -> list[bytes]:
    """A command whose script uses the time that a test sets, in the dialect that every server understands."""
    if command[0] != b"EVAL":
        return command
    source = command[1].decode()
    plain = source.partition("\n")[2] if source.startswith("#!") else source
    return [b"EVAL", read_movable_time("", plain).encode(), *command[2:]]


# A real server cannot undo its last calls, as a replica that takes over does.
SEEDS = list(islice((seed for seed in count() if Fault.FAIL_OVER not in draw_plan(seed, 0).faults), WORLDS))


@pytest.mark.parametrize("kind", [BrokerKind.FAKE, *SINGLE])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_real_server_answers_as_the_miniature(
    seed: int, kind: BrokerKind, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = Conversation()
    conversation.listen(monkeypatch)
    assert not run_world(seed).fouls

    repeat(conversation, servers.broker(kind))


@pytest.mark.parametrize("kind", [BrokerKind.FAKE, *SINGLE])
def test_a_real_server_answers_about_the_roster_as_the_miniature(
    kind: BrokerKind, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = Conversation()
    conversation.listen(monkeypatch)
    ended(RosterWorld(RosterPlan(seed=1, lasts_s=60.0)))

    repeat(conversation, servers.broker(kind))


def repeat(conversation: Conversation, broker: Broker) -> None:
    """Have the same conversation with a server, and compare."""
    time = ServerTime(broker)
    for now_us, command, reply in conversation:
        time.move_to_us(now_us)
        answer = broker.client().perform(tuple(with_movable_time(command)))

        assert told(command, answer) == told(command, reply)
    broker.close()


def test_a_key_of_the_miniature_ends_at_its_time_unless_it_was_made_anew() -> None:
    now_us = [0]
    miniature = Miniature(lambda: now_us[0])
    for key in (b"ends", b"later", b"anew"):
        miniature.execute([b"HSET", key, b"field", b"1"])
        assert miniature.execute([b"PEXPIRE", key, b"2000" if key == b"later" else b"1000"]) == 1
    assert miniature.execute([b"PEXPIRE", b"absent", b"1000"]) == 0
    miniature.execute([b"HSET", b"ends", b"other", b"1"])
    miniature.execute([b"DEL", b"anew"])
    miniature.execute([b"HSET", b"anew", b"field", b"1"])
    snapshot = miniature.snapshot()

    now_us[0] = 999_999
    assert miniature.execute([b"EXISTS", b"ends", b"later", b"anew"]) == 3
    now_us[0] = 1_000_000
    assert miniature.execute([b"EXISTS", b"ends"]) == 0
    miniature.restore(snapshot)
    assert miniature.execute([b"EXISTS", b"ends", b"later", b"anew"]) == 2
    now_us[0] = 2_000_000
    assert miniature.execute([b"EXISTS", b"ends", b"later", b"anew"]) == 1


def test_the_miniature_knows_every_command_of_the_scripts() -> None:
    names = {name for path in SCRIPTS.rglob("*.lua") for name in COMMAND.findall(path.read_text())}

    assert names <= Miniature(lambda: 0).commands()


@pytest.mark.parametrize("kind", [BrokerKind.FAKE, *SINGLE])
def test_a_member_of_a_set_has_the_same_rank_as_on_a_server(kind: BrokerKind, servers: Servers) -> None:
    broker, miniature = servers.broker(kind), Miniature(lambda: 0)
    for command in (
        [b"ZADD", b"key", b"3", b"a", b"1", b"b", b"3", b"A"],
        *([b"ZRANK", key, member] for key in (b"key", b"absent") for member in (b"a", b"b", b"A", b"other")),
    ):
        assert miniature.execute(command) == broker.client().perform(tuple(command))
    broker.close()
