"""A machine that calls random edges of a real queue and of its model, and compares them after every step.

Tokens are live, stale or forged; any earlier call may be sent again; the server's time jumps forward and back.
"""

import operator
from enum import StrEnum
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from redisched.model import LARGEST_RUN_AT_MS
from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.store import Store
from redisched.store.values import (
    BLAMELESS,
    Ack,
    Bury,
    Claim,
    ClaimRequest,
    ExpireRequest,
    FailedAttempt,
    ForgetLimits,
    NewTask,
    OnlyStart,
    Orphan,
    ReapRequest,
    Release,
    Renewal,
    Reprioritization,
    SnoozedTask,
)
from tests.brokers import on_each_primary
from tests.chaos.invariants import check_places, check_tries
from tests.chaos.model import Model
from tests.chaos.model_limits import failures, traits, untils_ms
from tests.chaos.model_task import DIGEST_BYTES, KEEPS_TASK, Place
from tests.lua.situation import Situation, situation_of
from tests.server_time import ServerTime

QUEUE = "mail"
CRASH_LIMIT = 3
LEASE_MS = 30_000
HOLD_MS = 40_000
GRACE_MS = 1_000
LONG_LEASE_MS = 4 * HOLD_MS
LONG_GRACE_MS = 100_000
"""With these, a pause of three holds only lengthens a grace."""


class TokenKind(StrEnum):
    """Which token a worker settles with."""

    LIVE = "live"
    """The token of the current or the last lease of the task."""
    STALE = "stale"
    """An earlier token, if possible of the same task."""
    FORGED_NEXT = "the next one"
    FORGED_SHORT = "the live one without its last digit"


numbers = st.integers(0, 9)
end_edges = st.sampled_from(["cancel", "cancel", "discard"])
places = st.sampled_from(Place)
some_numbers = st.lists(numbers, min_size=1, max_size=2)
workers = st.sampled_from(["w1", "w1", "w2"])
token_kinds = st.sampled_from([TokenKind.LIVE, TokenKind.LIVE, TokenKind.LIVE, *TokenKind])
shown = st.lists(st.tuples(numbers, token_kinds), min_size=1, max_size=3)
delays_ms = st.sampled_from([0, 1, 500, 60_000])
retentions_ms = st.builds(operator.mul, delays_ms, st.sampled_from([1, -1]))
"""Negative: the outcome may be forgotten earlier."""
ends = st.sampled_from([b"end", KEEPS_TASK + b"end"])
"""How a task ends: only its outcome is kept, or the task with it."""
whens = st.sampled_from(["+0", "+0", "+0", "+20", "+60000", "@0", f"@{LARGEST_RUN_AT_MS}", f"@{LARGEST_RUN_AT_MS + 1}"])
records = st.sampled_from([b"digest-1body", b"digest-1body", b"digest-1body", b"digest-2body"])
new_tasks = st.tuples(numbers, st.sampled_from([0, 5, 5, 255]), whens, records, traits)
jumps_ms = st.sampled_from([1, 20, 1_000, LEASE_MS, 600_000, -5_000])
crash_limits = st.sampled_from([*[CRASH_LIMIT] * 3, 1])
few = st.sampled_from([frozenset(), frozenset(), frozenset({0}), frozenset({1, 2})])


class QueueMachine(RuleBasedStateMachine):
    """Every rule is one call of one edge."""

    broker: ClassVar[Broker]
    REMOVING: ClassVar[frozenset[str]] = frozenset({"forget", "remove"})
    """The edges after which a task may be gone."""

    def __init__(self) -> None:
        super().__init__()
        on_each_primary(self.broker, "FLUSHDB")
        self.store = Store(self.broker.script_runner, QUEUE)
        self.time = ServerTime(self.broker)
        self.model = Model(self.time.now_us)
        self.situation: Situation = {}
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.requests: dict[str, ClaimRequest] = {}
        self.tokens: list[int] = []
        self.tokens_of: dict[str, list[int]] = {}

    def call(self, edge: str, *arguments: Any) -> Any:
        """Call an edge of the queue and of the model; they must answer the same and look the same afterwards."""
        self.calls.append((edge, arguments))
        expected = getattr(self.model, edge)(*arguments)
        answer = run(getattr(self.store, edge)(*arguments), self.broker.client())
        assert answer == expected
        before, self.situation = self.situation, situation_of(self.broker, QUEUE)
        if edge not in self.REMOVING:
            assert ids_in(before) <= ids_in(self.situation), "a task was lost"
        assert self.situation == self.model.situation()
        if edge == "claim":
            self.note_tokens(answer)
        return answer

    def note_tokens(self, claim: Claim) -> None:
        """Keep the token of a claim that is not repeated."""
        if claim.leases and claim.leases[0].token not in self.tokens:
            token = claim.leases[0].token
            assert not self.tokens or token > self.tokens[-1], "tokens must grow"
            self.tokens.append(token)
            for lease in claim.leases:
                self.tokens_of.setdefault(lease.id, []).append(token)

    def pick(self, number: int, place: Place) -> str:
        """The id of a task, mostly of a task in this place."""
        there = [task.id for task in self.model.at(place)]
        pool = there if there and number < 8 else [*self.model.tasks, "missing"]
        return pool[number % len(pool)]

    def settled(self, shown: list[tuple[int, TokenKind]]) -> list[tuple[str, int]]:
        """Ids, mostly of leased tasks, with the tokens to settle them with."""
        return [(id := self.pick(number, Place.LEASED), self.token(id, kind)) for number, kind in shown]

    def token(self, id: str, kind: TokenKind) -> int:
        """A token of a kind for a task."""
        own = self.tokens_of.get(id, [1])
        live, earlier = own[-1], [*self.tokens[:1], *own[:-1]]
        tokens = {TokenKind.STALE: (earlier or [2])[-1], TokenKind.FORGED_NEXT: live + 1}
        return tokens.get(kind, live if kind is TokenKind.LIVE else live // 10 or 2)

    def outcome(self, id: str, end: bytes) -> bytes:
        """The digest of a task's record, and how it ended."""
        task = self.model.tasks.get(id)
        return (task.record[:DIGEST_BYTES] if task else "digest-3").encode() + end

    @rule(tasks=st.lists(new_tasks, min_size=1, max_size=4), end=ends)
    def enqueue(self, tasks: list[tuple[int, int, str, bytes, bytes]], end: bytes) -> None:
        named = []
        for at, (number, priority, when, record, limits) in enumerate(tasks):
            id = f"t{len(self.calls)}-{at}" if number < 7 else self.pick(number, Place.ENDED)
            ending = record[:DIGEST_BYTES] + end if b"expires=" in limits else b""
            named.append(NewTask(id, priority, when, record, limits + ending))
        self.call("enqueue", named)

    @rule(worker=workers, limit=st.sampled_from([2, 1, 3, 0]), ahead_limit=st.integers(0, 2), woken=st.booleans())
    def claim(self, worker: str, limit: int, ahead_limit: int, woken: bool) -> None:
        if woken:
            self.broker.client().perform(("LPOP", self.store.keys.wake))
            self.model.awake = False
        nonce = f"n{len(self.calls)}"
        request = ClaimRequest(
            worker=worker, nonce=nonce, limit=limit, ahead_ms=20, ahead_limit=ahead_limit, lease_ms=LEASE_MS
        )
        self.requests[worker] = request
        self.call("claim", request)

    @rule(worker=workers)
    def claim_again(self, worker: str) -> None:
        """Repeat the worker's latest claim, as if its reply was lost."""
        if worker in self.requests:
            self.call("claim", self.requests[worker])

    @rule(worker=workers)
    def claim_astray(self, worker: str) -> None:
        """Send the claim before the worker's latest one again, as a request that strayed and arrives only now."""
        earlier = self.requests.get(worker)
        self.claim(worker, 1, 0, False)
        if earlier:
            self.call("claim", earlier)

    @rule(shown=shown, starts=st.permutations((0, 1, BLAMELESS)))
    def renew(self, shown: list[tuple[int, TokenKind]], starts: list[int]) -> None:
        """Renew leases several times in a row: with a start, without one, and by a worker that stops."""
        settled = self.settled(shown)
        for start in starts:
            started_ms = self.time.now_ms if start > 0 else start
            self.call("renew", LEASE_MS, [Renewal(id, token, started_ms) for id, token in settled])

    @rule(shown=shown, retention_ms=retentions_ms, end=ends)
    def ack(self, shown: list[tuple[int, TokenKind]], retention_ms: int, end: bytes) -> None:
        self.call("ack", [Ack(id, token, retention_ms, self.outcome(id, end)) for id, token in self.settled(shown)])

    @rule(shown=shown, delay_ms=delays_ms, failure=failures, within_ms=untils_ms)
    def retry(self, shown: list[tuple[int, TokenKind]], delay_ms: int, failure: bytes, within_ms: int | None) -> None:
        until_ms = 0 if within_ms is None else self.time.now_ms + within_ms
        settled = self.settled(shown)
        self.call("retry", [FailedAttempt(id, token, delay_ms, failure, until_ms) for id, token in settled])

    @rule(shown=shown, retention_ms=retentions_ms, end=ends)
    def start(self, shown: list[tuple[int, TokenKind]], retention_ms: int, end: bytes) -> None:
        settled, now_ms = self.settled(shown), self.time.now_ms
        self.call("start", [OnlyStart(id, token, now_ms, retention_ms, self.outcome(id, end)) for id, token in settled])

    @rule(shown=shown, pause_ms=delays_ms, started=st.sampled_from([0, 0, 1]))
    def release(self, shown: list[tuple[int, TokenKind]], pause_ms: int, started: int) -> None:
        self.call("release", [Release(id, token, pause_ms, started) for id, token in self.settled(shown)])

    @rule(shown=shown, delay_ms=delays_ms)
    def snooze(self, shown: list[tuple[int, TokenKind]], delay_ms: int) -> None:
        self.call("snooze", [SnoozedTask(id, token, delay_ms) for id, token in self.settled(shown)])

    @rule(shown=shown)
    def bury(self, shown: list[tuple[int, TokenKind]]) -> None:
        self.call("bury", [Bury(id, token, b"boom") for id, token in self.settled(shown)])

    @rule(
        worker=workers,
        later_ms=st.sampled_from([LEASE_MS, 0, 3 * HOLD_MS]),
        limit=st.sampled_from([9, 1]),
        crash_limit=crash_limits,
        lease_ms=st.sampled_from([LEASE_MS, LEASE_MS // 3, LEASE_MS, LEASE_MS // 3, LONG_LEASE_MS]),
        grace_ms=st.sampled_from([GRACE_MS, GRACE_MS, LONG_GRACE_MS]),
    )
    def reap(self, worker: str, later_ms: int, limit: int, crash_limit: int, lease_ms: int, grace_ms: int) -> None:
        self.let_time_pass(later_ms)
        limits = {"limit": limit, "crash_limit": crash_limit, "grace_ms": grace_ms, "lease_ms": lease_ms}
        self.call("reap", ReapRequest(worker=worker, hold_ms=HOLD_MS, failure=b"crashed", **limits))

    @rule(worker=workers, unstarted=few, unheard=few, crash_limit=crash_limits)
    def recover(self, worker: str, unstarted: frozenset[int], unheard: frozenset[int], crash_limit: int) -> None:
        held = [task for task in self.model.at(Place.LEASED) if task.worker == worker]
        orphans = [
            Orphan(task.id, task.token, int(at not in unstarted)) for at, task in enumerate(held) if at not in unheard
        ]
        self.call("recover", worker, crash_limit, b"crashed", orphans)

    @rule(edge=end_edges, numbers=some_numbers, place=places, retention_ms=retentions_ms, end=ends)
    def end_from_outside(self, edge: str, numbers: list[int], place: Place, retention_ms: int, end: bytes) -> None:
        self.call(edge, retention_ms, [(self.pick(number, place), end) for number in numbers])

    @rule(numbers=some_numbers, body=st.sampled_from([b"", b"another"]))
    def revive(self, numbers: list[int], body: bytes) -> None:
        self.call("revive", [self.pick(number, Place.DEAD) for number in numbers], body)

    @rule(
        numbers=some_numbers,
        place=st.sampled_from([Place.WAITING, *Place]),
        priority=st.sampled_from(["", 0, 255]),
        when=st.sampled_from(["", *["+0", "+60000", "@0"], f"@{LARGEST_RUN_AT_MS + 1}"]),
    )
    def reprioritize(self, numbers: list[int], place: Place, priority: int | str, when: str) -> None:
        changes = [Reprioritization(self.pick(number, place), priority, when) for number in numbers]
        self.call("reprioritize", changes)

    @rule(limit=st.sampled_from([9, 1]))
    def expire(self, limit: int) -> None:
        self.call("expire", ExpireRequest(limit=limit, lease_ms=LEASE_MS))

    @rule(
        tasks=st.sampled_from([9, 1]), dead_retention_ms=delays_ms, kept=st.sampled_from([9, 1, 0]), sooner_ms=delays_ms
    )
    def forget(self, tasks: int, dead_retention_ms: int, kept: int, sooner_ms: int) -> None:
        limits = ForgetLimits(limit=tasks, dead_retention_ms=dead_retention_ms, kept=kept, sooner_ms=sooner_ms)
        self.call("forget", limits)

    @rule(back=st.integers(1, 12))
    def replay(self, back: int) -> None:
        """Send a call again, at once or after others, as if its reply was lost."""
        if self.calls:
            edge, arguments = self.calls[-min(back, len(self.calls))]
            self.call(edge, *arguments)

    @rule(ms=jumps_ms)
    def let_time_pass(self, ms: int) -> None:
        self.time.advance(ms)
        self.model.now_us = self.time.now_us

    @invariant()
    def every_task_is_in_one_place(self) -> None:
        check_places(self.situation)

    @invariant()
    def attempts_and_crashes_never_exceed_claims(self) -> None:
        check_tries(self.situation, {id: len(tokens) for id, tokens in self.tokens_of.items()})


def ids_in(situation: Situation) -> set[str]:
    """Every task in any place."""
    return {*situation.get("tasks", {}), *situation.get("outcomes", {})}
