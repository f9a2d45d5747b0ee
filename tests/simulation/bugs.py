"""Bugs planted in scripts and worker, each only during its own test. A simulation that did not find these would not
find others.
"""

from collections.abc import Sequence
from typing import Any

import pytest

from redisched import clock
from redisched.clock import ServerClock
from redisched.engine.attempt import Attempt
from redisched.engine.claiming.claim_stream import ClaimStream
from redisched.engine.claiming.claimer import Claimer
from redisched.engine.lease_renewer import LeaseRenewer
from redisched.engine.leased_task import LeasedTask
from redisched.engine.reaper import Reaper
from redisched.engine.settler import Settler
from redisched.engine.worker_context import WorkerContext
from redisched.errors import BrokerError
from redisched.model import Priority, score_of
from redisched.registry import HandlerEntry
from redisched.store.clients import AsyncServerClient
from redisched.store.operation import Operation
from redisched.store.store import Store
from redisched.store.values import ClaimRequest, FailedAttempt, Status
from tests.chaos.mutant import Mutant
from tests.chaos.test_mutants import DEEP_MUTANTS, MUTANTS
from tests.simulation.bug import Bug, in_method, in_script
from tests.simulation.bugs_beside import BUGS_BESIDE
from tests.simulation.plan import Fault
from tests.simulation.worker_process import LeaseRenewerTask, WorkerProcess


def _start_unnoted(self: Attempt, entry: HandlerEntry, task: LeasedTask) -> None:
    _make_attempt(self, entry, task)
    self.is_start_noted = task.is_suspect or task.lease.has_checkpoint


_make_attempt = Attempt.__init__


def _retry_in_two_calls(self: Store, retries: Sequence[FailedAttempt]) -> Operation[list[Status]]:
    for retry in retries:
        yield ("ZADD", self.keys.waiting, score_of(Priority.NORMAL, 0), retry.id)
    return (yield from _retry_at_once(self, retries))


_retry_at_once = Store.retry


def _trust_for_ever(self: WorkerContext, sent_s: float) -> float:
    return sent_s + 1e9


def _renew_nothing(self: LeaseRenewer) -> Operation[None]:
    yield from ()


def _server_time_at_its_latest(self: ServerClock, monotonic_s: float) -> float:
    return 0.0 if self.lowest_s is None else (monotonic_s + self.highest_s) * 1e3


def _number_every_try(self: ClaimStream, limit: int) -> ClaimRequest:
    self._number += 1
    return _request_of_stream(self, limit)


_request_of_stream = ClaimStream._request


async def _finish_nothing(self: Claimer) -> None:
    """Tasks claimed at the last moment are not released."""


async def _settle_once(self: Settler, store: Store, batch: Any) -> None:
    try:
        await _settle_until_answered(self, store, batch)
    except BrokerError:
        for outcome in batch:
            self._context.in_flight.remove(outcome.task)


_settle_until_answered = Settler._settle


async def _keep_connection(self: AsyncServerClient, connection: Any) -> None:
    self._pool.give(connection)


async def _close_nothing(self: AsyncServerClient) -> None:
    """Connections are not closed."""


def _keep_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AsyncServerClient, "_discard", _keep_connection)
    monkeypatch.setattr(AsyncServerClient, "close", _close_nothing)


def _stop_renewer_first(self: WorkerProcess) -> None:
    self.threads.halt()
    _stop_in_order(self)


_stop_in_order = WorkerProcess.stop


def _tell_no_handler(self: LeaseRenewer, *_arguments: Any) -> None:
    """The lease renewer tells no handler of lost leases and cancellations."""


def _renew_silently(self: LeaseRenewerTask) -> None:
    self._renewer._interrupt = lambda _held, _kind: None
    _start_renewing(self)


_start_renewing = LeaseRenewerTask._start

BUGS: dict[str, Bug] = {
    **BUGS_BESIDE,
    "ack does not check the token": in_script(
        MUTANTS["ack does not check the token"], "I3, I4", "I4", needs=frozenset({Fault.PAUSE})
    ),
    "ack does not know what it acked": in_script(
        Mutant(
            "ack", "elseif seen[id] == token or holds(redis.call('HGET', OUTCOMES, id), token) then", "elseif nil then"
        ),
        "I3, I4",
        needs=frozenset({Fault.FOUL_WEATHER}),
    ),
    "the fence counts from zero": in_script(
        MUTANTS["the fence counts from zero"], "I7", needs=frozenset({Fault.FAIL_OVER})
    ),
    "the fence is the time alone": in_script(
        MUTANTS["the fence is the time alone"], "I7", needs=frozenset({Fault.CLOCK})
    ),
    "claim does not know its nonce": in_script(
        MUTANTS["claim does not know its nonce"], "a repeated claim", needs=frozenset({Fault.FOUL_WEATHER})
    ),
    "claim takes bands that are worse": in_script(MUTANTS["claim takes bands that are worse"], "I8, I9"),
    "claim takes what has expired": in_script(
        MUTANTS["claim takes what has expired"], "G25", needs=frozenset({Fault.STALL})
    ),
    "a retry begins after the deadline": in_script(MUTANTS["a retry begins after the deadline"], "G6", "G25"),
    "a crash lets it start twice": in_script(
        MUTANTS["a crash lets it start twice"], "G15", "I13", needs=frozenset({Fault.KILL})
    ),
    "what may start only once starts unnoted": in_method(
        Attempt,
        "__init__",
        _start_unnoted,
        "I13",
        needs=frozenset({Fault.KILL}),
    ),
    "enqueue does not compare": in_script(
        Mutant("enqueue", "digest == digest_of(record) and 'EXISTS' or 'CONFLICT'", "'EXISTS'"), "I12"
    ),
    "enqueue of one task does not know those that ended": in_script(
        Mutant("enqueue", "redis.call('HEXISTS', OUTCOMES, id) == 0 and ", ""), "I12"
    ),
    "reap forgets the task's own place": in_script(
        MUTANTS["reap forgets the task's own place"], "a task keeps its own", "I8, I9", needs=frozenset({Fault.POWER})
    ),
    "reap knows no grace": in_script(MUTANTS["reap knows no grace"], "G11", needs=frozenset({Fault.STALL})),
    "reap believes in leases from before the clock was set back": in_script(
        Mutant("reap", "index = 1, #overlong", "index = 1, 0"),
        "G10",
        needs=frozenset({Fault.CLOCK, Fault.POWER}),
    ),
    "recover blames the innocent": in_script(
        DEEP_MUTANTS["recover blames the innocent"], "G15", "attempts, crashes", needs=frozenset({Fault.KILL})
    ),
    "release counts an attempt": in_script(MUTANTS["release counts an attempt"], "attempts, crashes"),
    "renew does not check the token": in_script(
        Mutant("renew", "if not holds(holders[row], token) then", "if not holders[row] then"),
        "G6",
        needs=frozenset({Fault.PAUSE}),
    ),
    "retry counts an attempt twice": in_script(
        MUTANTS["retry counts an attempt twice"], "G6", needs=frozenset({Fault.PAUSE})
    ),
    "a retry forgets the failures before": in_script(
        MUTANTS["a retry forgets the failures before"], "every failed attempt"
    ),
    "who cancels keeps nothing of the task": in_script(
        Mutant("cancel", "string.sub(redis.call('HGET', TASKS, id) or '', 9)", "''"), "a task is kept with"
    ),
    "retry does not remove the lease": in_script(MUTANTS["retry does not remove the lease"], "I11"),
    "retry takes two calls": in_method(Store, "retry", _retry_in_two_calls, "I6", "I8, I9", "a task keeps its own"),
    "a task starts whose lease is not certain": in_method(
        WorkerContext, "trusted_until_s", _trust_for_ever, "I6", "I7", needs=frozenset({Fault.PAUSE})
    ),
    "a task starts by the latest time it may be": in_method(ServerClock, "now_ms", _server_time_at_its_latest, "I5"),
    "clocks are thought to run equally fast": in_method(clock, "DRIFT", 0.0, "I5"),
    "the lease renewer renews nothing": in_method(LeaseRenewer, "_renew_all", _renew_nothing, "G9", "G11", "I6"),
    "the lease renewer tells nobody": in_method(LeaseRenewerTask, "_start", _renew_silently, "G9"),
    "the lease renewer ends before the handlers": in_method(
        WorkerProcess, "stop", _stop_renewer_first, "G11", needs=frozenset({Fault.STOP})
    ),
    "a try of a claim is numbered anew": in_method(
        ClaimStream, "_request", _number_every_try, "G10", "I7", needs=frozenset({Fault.FOUL_WEATHER})
    ),
    "a claim in the last moment is left behind": in_method(
        Claimer, "finish", _finish_nothing, "G10", needs=frozenset({Fault.STOP})
    ),
    "a settlement is tried once": in_method(
        Settler, "_settle", _settle_once, "G10", "G11", needs=frozenset({Fault.FOUL_WEATHER})
    ),
    "a connection is used again after a call was given up": Bug(
        _keep_connections, ("nothing fails", "G11", "every task"), frozenset({Fault.STALL})
    ),
    "an outage of a lease is none": in_method(
        Reaper,
        "interval_s",
        property(lambda self: 0.2 * self.context.worker_settings.lease_s),
        "G10",
        "G11",
        needs=frozenset({Fault.STALL}),
    ),
}
