"""Builds the content of Redis task by task, and reads it.

A situation maps the short name of a key to its content. Tests put situations together with `together`, seed them, and
compare them with what they find. This is also the place to look up how a task is stored.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

from msgpack import packb

from redisched.keys import PREFIX, Keys, keys_of
from redisched.model import score_of
from redisched.store.broker import Broker
from tests.server_time import NOW_MS

Situation: TypeAlias = dict[str, Any]

ZSETS = ("waiting", "leases", "dead", "expiring", "lapsing", "finished", "firing")
HASHES = (
    *("tasks", "held", "tries", "failures", "outcomes", "cancelling", "traits", "checkpoints", "watched", "claims"),
    *("reports", "unique", "successors", "schedules", "fired", "declared"),
)
STRINGS = ("fence", "reaper", "barrier", "paused", "layout", "format")
LISTS = ("wake",)

DUE_MS = NOW_MS - 1_000
LEASE_ENDS_MS = NOW_MS + 30_000
TOKEN = 7
WORKER = "worker-1"
AWAKE: Situation = {"wake": ["1"]}


def record_of(id: str) -> str:
    """A digest of 8 bytes, and a body."""
    return f"digest-{id[0]}body of {id}"


def outcome_of(id: str) -> str:
    """The digest of the task, and how it ended."""
    return f"digest-{id[0]}end of {id}"


def waiting(
    id: str, *, priority: int = 5, run_at_ms: int = DUE_MS, tries: str | None = None, failure: str | None = None
) -> Situation:
    """A task that waits for its time or for a worker."""
    score = score_of(priority, run_at_ms)
    return together({"waiting": {id: score}, "tasks": {id: record_of(id)}}, history(id, score, tries, failure))


def leased(
    id: str,
    *,
    priority: int = 5,
    run_at_ms: int = DUE_MS,
    token: int = TOKEN,
    worker: str = WORKER,
    started_ms: int = 0,
    ends_ms: int = LEASE_ENDS_MS,
    tries: str | None = None,
    failure: str | None = None,
) -> Situation:
    """A task that a worker has leased. Its score is stored with its holder."""
    score = score_of(priority, run_at_ms)
    return together(
        {
            "tasks": {id: record_of(id)},
            "leases": {id: ends_ms},
            "held": {id: f"{token} {score} {started_ms} {worker}"},
        },
        history(id, score, tries, failure),
    )


def cancelling(id: str, retention_ms: int = 1_000) -> Situation:
    """A cancellation that was requested while a worker had the task: with which outcome the task will end."""
    return {"cancelling": {id: f"{retention_ms} cancelled"}}


def expiring(id: str, *, expires_ms: int, looked_ms: int | None = None, retention_ms: int = 1_000) -> Situation:
    """The expiry of a task that waits, or is leased and has not started, and when it is checked next."""
    traits = f"expires={expires_ms} {retention_ms} digest-{id[0]}expired"
    looked_ms = expires_ms if looked_ms is None else looked_ms
    return {"traits": {id: traits}, "expiring": {id: looked_ms}, "format": "2"}


def deadline(id: str, *, deadline_ms: int, started: bool = True) -> Situation:
    """A deadline of a task. It counts once the task has started."""
    if not started:
        return {"traits": {id: f"deadline={deadline_ms} "}, "format": "3"}
    return {"traits": {id: f"deadline={deadline_ms}! "}, "expiring": {id: deadline_ms}, "format": "3"}


def once(id: str, *, token: int = TOKEN, retention_ms: int = 1_000) -> Situation:
    """The note that a task has started which may start only once, and how it ends if it is lost."""
    return {"traits": {id: f"once={token} {retention_ms} digest-{id[0]}lost"}, "format": "3"}


def lost(id: str, *, ended_ms: int = NOW_MS, forgotten_ms: int = NOW_MS + 1_000) -> Situation:
    """A task that may start only once and was interrupted."""
    outcome = (f"digest-{id[0]}lost".encode() + packed(ended_ms) + b"\xc0").decode(errors="backslashreplace")
    return ended(id, token=0, outcome=outcome, forgotten_ms=forgotten_ms)


def expired(id: str, *, ended_ms: int = NOW_MS, forgotten_ms: int = NOW_MS + 1_000) -> Situation:
    """A task that no worker started in time. Its end and its missing result are in MessagePack."""
    outcome = (f"digest-{id[0]}expired".encode() + packed(ended_ms) + b"\xc0").decode(errors="backslashreplace")
    return ended(id, token=0, outcome=outcome, forgotten_ms=forgotten_ms)


def dead(
    id: str,
    *,
    priority: int = 5,
    run_at_ms: int = DUE_MS,
    died_ms: int = NOW_MS,
    tries: str = f"0 0 0 {TOKEN}",
    failure: str = "boom",
) -> Situation:
    """A dead task. Its score is stored with its failure, so that it can be revived."""
    score = score_of(priority, run_at_ms)
    return together({"dead": {id: died_ms}, "tasks": {id: record_of(id)}}, history(id, score, tries, failure))


def ended(id: str, *, token: int = TOKEN, outcome: str | None = None, forgotten_ms: int = NOW_MS + 1_000) -> Situation:
    """A task that succeeded or was cancelled: only its outcome is left, for a time."""
    return {"outcomes": {id: f"{token} {outcome or outcome_of(id)}"}, "finished": {id: forgotten_ms}}


def cancelled(id: str, *, forgotten_ms: int = NOW_MS + 1_000) -> Situation:
    """A task that was cancelled; no token can have acked it."""
    return ended(id, token=0, outcome=f"digest-{id[0]}cancelled", forgotten_ms=forgotten_ms)


def claimed(worker: str, nonce: str, token: int, *ids: str) -> Situation:
    """The stored latest claim of a worker."""
    return {"claims": {worker: f"{nonce} {token} {' '.join(ids)}"}}


def death(worker: str = WORKER, started_ms: int = 0, now_ms: int = NOW_MS) -> str:
    """The failure of an attempt whose process died."""
    return death_under(worker, started_ms, now_ms).decode(errors="backslashreplace")


def packed(number: int) -> bytes:
    """A number as the scripts write it in MessagePack."""
    return b"\xcf" + number.to_bytes(8, "big")


def death_under(worker: str, started_ms: int, now_ms: int) -> bytes:
    """The failure of an attempt whose process died."""
    return b"".join(
        (
            b"\x85" + packb("name") + packb("") + packb("error") + packb("its process died"),
            packb("worker") + b"\xd9" + bytes([len(worker)]) + worker.encode(),
            packb("started_ms") + packed(started_ms) + packb("failed_ms") + packed(now_ms),
        )
    )


def as_last(failure: bytes) -> bytes:
    """A failure of a task that is dead because of its deadline."""
    if not failure or not 0x80 <= failure[0] <= 0x8E:
        return failure
    return b"".join((bytes([failure[0] + 1]), failure[1:], packb("reason"), packb("out of time for another attempt")))


def overdue(error: str, now_ms: int) -> bytes:
    """The failure of a task that is dead because of its deadline, though no attempt has just failed."""
    return b"".join(
        (
            b"\x84" + packb("name") + packb("") + packb("error") + b"\xd9" + bytes([len(error)]) + error.encode(),
            packb("failed_ms") + packed(now_ms) + packb("reason") + packb("out of time for another attempt"),
        )
    )


def history(id: str, score: int, tries: str | None, failure: str | None) -> Situation:
    """What is stored of earlier attempts: 'attempts crashes redeliveries token', and the failures."""
    past: Situation = {}
    if tries is not None:
        past["tries"] = {id: tries}
    if failure is not None:
        past["failures"] = {id: f"{score} {failure}"}
    return past


def together(*situations: Situation) -> Situation:
    """All situations in one. A key of the whole queue, such as the fence, may be in only one of them."""
    whole: Situation = {}
    for situation in situations:
        for name, content in situation.items():
            if isinstance(content, dict):
                whole.setdefault(name, {}).update(content)
            else:
                whole[name] = content
    return whole


def seed(broker: Broker, queue: str, situation: Situation) -> None:
    """Write a situation to Redis without a script."""
    perform = broker.client().perform
    for name, content in situation.items():
        key = getattr(keys_of(queue), name)
        if name in STRINGS:
            perform(("SET", key, content))
        elif name in LISTS:
            perform(("RPUSH", key, *content))
        else:
            for id, value in content.items():
                perform(("ZADD", key, value, id) if name in ZSETS else ("HSET", key, id, value))


def situation_of(broker: Broker, queue: str) -> Situation:
    """Every key of a queue under its short name, with its content."""
    keys = broker.client().perform(("KEYS", f"{PREFIX}:{{{queue}}}:*"))
    return {key.decode().rpartition(":")[2]: _content(broker, key.decode()) for key in keys}


def _content(broker: Broker, key: str) -> Any:
    perform = broker.client().perform
    name = key.rpartition(":")[2]
    assert name in Keys.__slots__, f"nobody knows the key {key}"
    if name in STRINGS:
        return perform(("GET", key)).decode()
    if name in LISTS:
        return [element.decode() for element in perform(("LRANGE", key, 0, -1))]
    if name in ZSETS:
        return {id: int(score) for id, score in _pairs(perform(("ZRANGE", key, 0, -1, "WITHSCORES")))}
    return dict(_pairs(perform(("HGETALL", key))))


def _pairs(flat: list[bytes]) -> Iterator[tuple[str, str]]:
    texts = [text.decode(errors="backslashreplace") for text in flat]
    return zip(texts[::2], texts[1::2], strict=True)
