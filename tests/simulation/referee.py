"""Checks every answer of the server by the answers before it.

It sees what scripts answered, never what they stored, and knows only the promises: which worker may settle a task, in
which order tasks are leased, what a repeated call may do. It raises Foul, in the call that broke a promise.
"""

from collections.abc import Callable
from functools import partial

from redisched.model import BAND
from tests.chaos.model_limits import Limits
from tests.simulation.calls import check, now_ms_of, rows_of, tries_in
from tests.simulation.checkpoints import Checkpoints
from tests.simulation.forgetting import forget
from tests.simulation.queue_life import QueueLife
from tests.simulation.reports import Reports
from tests.simulation.server import Call
from tests.simulation.shadow import ENDED, Place, Shadow
from tests.simulation.shadow_keys import expected_of_new, take_traits
from tests.simulation.steering import Steering

_GONE = frozenset({Place.SUCCEEDED, Place.CANCELLED, Place.EXPIRED, Place.LOST, Place.FORGOTTEN})


class Referee:
    """The referee of one server with one queue. `tasks` are all tasks that the server created and kept, by id."""

    def __init__(self) -> None:
        self.tasks: dict[bytes, Shadow] = {}
        self.log: list[Call] = []
        self.lost: list[Call] = []
        self.lost_tokens: set[int] = set()
        self._largest_token = 0
        self._latest_claims: dict[tuple[str, bytes], tuple[bytes, int]] = {}
        self._checks_by_script: dict[str, Callable[[Call], None]] = {
            "enqueue": self._enqueue,
            "claim": self._claim,
            "renew": self._renew,
            "ack": self._ack,
            "retry": self._retry,
            "start": self._start,
            "release": partial(self._let_wait, 4, b"RELEASED"),
            "snooze": partial(self._let_wait, 3, b"SNOOZED"),
            "bury": self._bury,
            "reap": self._reap,
            "recover": self._recover,
            "cancel": self._cancel,
            "expire": self._expire,
            "forget": self._forget,
            "scrub": self._scrub,
            **dict.fromkeys(("wake", "watch", "introduce", "depart"), lambda _: None),  # these change no task
            **Checkpoints(self._held).checks,
            **Reports(self._held).checks,
            **Steering(lambda: self.tasks).checks,
        }
        self.queue_life = QueueLife(lambda: self.tasks)

    def observe(self, call: Call) -> None:
        """Check an answer. Raises Foul."""
        self.log.append(call)
        (self._checks_by_script.get(call.script) or self.queue_life.checks[call.script])(call)

    def undo(self, kept: int) -> None:
        """Forget the calls that a failover undid, but not their tokens."""
        log, lost = self.log[:kept], self.log[kept:]
        self.lost += lost
        self.lost_tokens |= {int(call.reply[2]) for call in lost if call.reply[:1] == [b"CLAIMED"]}
        self.tasks, self.log, self._latest_claims, self._largest_token = {}, [], {}, 0
        self.queue_life = QueueLife(lambda: self.tasks)
        for call in log:
            self.observe(call)
        self._largest_token = max(self._largest_token, *self.lost_tokens, 0)

    def held_by(self, worker: str) -> list[Shadow]:
        """The tasks that a worker has leased."""
        return [task for task in self.tasks.values() if task.place is Place.LEASED and task.worker == worker]

    def _enqueue(self, call: Call) -> None:
        for (id, priority, when, record, traits), status in rows_of(call.arguments[1:], 5, call.reply):
            known = self.tasks.get(id)
            is_doubtful = known is not None and known.has_ended_unseen and status == b"CREATED"
            if known is None or known.place is Place.FORGOTTEN or is_doubtful:
                expected = expected_of_new(traits, self.tasks.values(), status)
                if expected == b"CREATED":
                    run_at_ms = int(when[1:]) + (now_ms_of(call) if when[:1] == b"+" else 0)
                    task = self.tasks[id] = Shadow(id, record, int(priority) * BAND + run_at_ms)
                    task.limits = Limits.read(take_traits(task, traits), now_ms_of(call))
            else:
                expected = b"EXISTS" if known.record[:8] == record[:8] else b"CONFLICT"
            promise = "I18: a key has one task" if b"unique=" in traits else "I12: an id stands for one task"
            check(status == expected, promise, call, id, expected)

    def _claim(self, call: Call) -> None:
        worker, nonce, limit, ahead_ms, ahead_limit, lease_ms, _ = call.arguments
        request = (worker.decode(), nonce)
        stream = (request[0], nonce.rpartition(b".")[0])
        latest, latest_token = self._latest_claims.get(stream, (b"", 0))
        is_repeated = latest == nonce
        given = call.reply[4:] if call.reply[0] == b"CLAIMED" else []
        token = int(call.reply[2]) if given else 0
        # Not by the nonce: a stray request may arrive twice, long after its first grant.
        under_way = {
            task.id for task in self.tasks.values() if task.place is Place.LEASED and task.token == latest_token
        }
        if under_way and _number_of(nonce) < _number_of(latest):
            check(call.reply[0] == b"STRAY", "a request that strays leases nothing", call, nonce, latest)
        if call.reply[0] == b"STRAY":
            return
        if under_way and is_repeated:
            check(under_way == set(given[::4]), "a repeated claim gives what it gave before", call, nonce, under_way)
            return
        self._latest_claims[stream] = (nonce, token)
        if not is_repeated and self.queue_life.check_claim(call):
            return
        now_ms = now_ms_of(call)
        if given or not is_repeated:
            self._check_order(call, set(given[::4]), int(limit), now_ms + int(ahead_ms), int(ahead_limit))
            self._expire(call)
        if given:
            check(token > self._largest_token, "I7: tokens grow", call, token, self._largest_token)
            self._largest_token = token
        for id, score, tries, record in zip(given[::4], given[1::4], given[2::4], given[3::4], strict=True):
            task = self.tasks[id]
            check(int(score) == task.score, "a task keeps its own place", call, id, task.score)
            check(
                tries_in(tries) == task.tries(), "attempts, crashes and redeliveries are counted once", call, id, task
            )
            check(record == task.record, "a task keeps its record", call, id, task.record)
            check(tries.endswith(b"+") == bool(task.saved), "a claim tells of a checkpoint", call, id, task.saved)
            task.lease(token, request, now_ms + int(lease_ms))
            task.claimed_us = task.renewed_us = call.at_us
            task.is_stray = call.is_stray

    def _check_order(self, call: Call, given: set[bytes], limit: int, horizon_ms: int, ahead_limit: int) -> None:
        now_ms = now_ms_of(call)
        waiting = [task for task in self.tasks.values() if task.place is Place.WAITING]
        check(given <= {task.id for task in waiting}, "I6: only what waits is leased", call, given)
        late = given & {task.id for task in waiting if task.has_expired(now_ms)}
        check(not late, "G25: a task that expired, or whose deadline is over, never starts", call, late)
        # Only the server knows whether these still wait.
        doubtful = {task.id for task in waiting if task.may_have_expired or task.has_expired(now_ms)}
        due = sorted((task.score, task.id) for task in waiting if task.run_at_ms <= now_ms and task.id not in doubtful)
        doubtful_due = {id for id in given & doubtful if self.tasks[id].run_at_ms <= now_ms}
        best = {id for _, id in due[: limit - len(doubtful_due)]}
        check(best <= given, "I8, I9: better and earlier tasks go first", call, given, best)
        ahead = given - best - doubtful
        check(len(ahead) <= ahead_limit, "no more is taken than was asked for", call, ahead)
        for id in ahead:
            check(now_ms < self.tasks[id].run_at_ms <= horizon_ms, "I5: ahead only by the window", call, id, horizon_ms)

    def _held(self, id: bytes, token: bytes) -> Shadow | None:
        task = self.tasks.get(id)
        return task if task is not None and task.is_held(int(token)) else None

    def _renew(self, call: Call) -> None:
        lease_ms, *rows = call.arguments
        for (id, token, started_ms), status in rows_of(rows, 3, call.reply):
            task = self._held(id, token)
            expected = b"LOST"
            if task is not None:
                task.ends_ms, task.renewed_us = now_ms_of(call) + int(lease_ms), call.at_us
                if started_ms != b"0":
                    task.has_started = started_ms != b"-1"
                expected = b"RENEWED" if task.cancelled_for_ms is None else b"CANCELLING"
            check(status == expected, "G6: only the holder renews", call, id, expected)

    def _ack(self, call: Call) -> None:
        for (id, token, retention_ms, _), status in rows_of(call.arguments, 4, call.reply):
            task, known = self._held(id, token), self.tasks.get(id)
            expected = b"LOST"
            if task is not None:
                task.place, task.acked, task.cancelled_for_ms = Place.SUCCEEDED, task.token, None
                task.end_for(now_ms_of(call), int(retention_ms))
                expected = b"ACKED"
            elif known is not None and known.place is Place.SUCCEEDED and known.acked == int(token):
                expected = b"ALREADY"
            check(status == expected, "I3, I4: the last token completes, once", call, id, expected)

    def _start(self, call: Call) -> None:
        for (id, token, _, retention_ms, outcome), status in rows_of(call.arguments, 5, call.reply):
            task = self._held(id, token)
            may_start = task is not None and (task.limits.once is None or task.limits.once[0] == task.token)
            if task is not None and may_start:
                task.has_started, task.limits = True, Limits(once=(int(token), int(retention_ms), outcome))
            expected = b"STARTED" if may_start else b"LOST"
            check(status == expected, "G17: what may start only once starts once", call, id, expected)

    def _retry(self, call: Call) -> None:
        for (id, token, delay_ms, _, until_ms), status in rows_of(call.arguments, 5, call.reply):
            task, known = self._held(id, token), self.tasks.get(id)
            expected = b"LOST"
            if task is not None:
                now_ms = now_ms_of(call)
                expected = task.end_instead(now_ms) or task.retry(now_ms, int(delay_ms), int(until_ms))
            elif known is not None and known.counted == int(token) and known.place not in _GONE:
                # Only the server knows whether a task with a deadline has been forgotten by now.
                expected = status if known.may_have_expired and status == b"LOST" else b"ALREADY"
            check(status == expected, "G6: only the holder settles", call, id, expected)

    def _let_wait(self, width: int, done: bytes, call: Call) -> None:
        now_ms = now_ms_of(call)
        for (id, token, pause_ms, *started), status in rows_of(call.arguments, width, call.reply):
            task, expected = self._held(id, token), b"LOST"
            if task is not None:
                if started == [b"0"] and task.limits.once is not None:
                    task.limits = Limits()
                task.has_started = started != [b"0"]
                settle = task.release if done == b"RELEASED" else task.snooze
                expected = task.end_instead(now_ms) or settle(now_ms, int(pause_ms))
            check(status == expected, "G6: only the holder settles", call, id, expected)

    def _bury(self, call: Call) -> None:
        for (id, token, _), status in rows_of(call.arguments, 3, call.reply):
            task, known = self._held(id, token), self.tasks.get(id)
            expected = b"LOST"
            if task is not None:
                task.counted = task.token
                expected = task.bury(now_ms_of(call))
            elif known is not None and known.place is Place.DEAD and known.counted == int(token):
                expected = b"ALREADY"
            check(status == expected, "G6: only the holder settles", call, id, expected)

    def _reap(self, call: Call) -> None:
        if call.reply[0] == b"BUSY":
            return
        limit, crash_limit, lease_ms = int(call.arguments[3]), int(call.arguments[4]), int(call.arguments[6])
        leased = [task for task in self.tasks.values() if task.place is Place.LEASED]
        for task in leased:
            # No lease lasts longer than one from now, though it was granted before the clock was set back.
            task.ends_ms = min(task.ends_ms, now_ms_of(call) + lease_ms)
        for id, status in zip(call.reply[5::2], call.reply[6::2], strict=True):
            task = self.tasks[id]
            is_over = task.place is Place.LEASED and task.ends_ms <= now_ms_of(call)
            check(is_over, "G9: only a lease that ended is taken back", call, id, task)
            is_crash = task.has_started or (task.crashes == 0 and crash_limit > 1)
            self._take_back(call, task, is_crash, crash_limit, status)
        if call.reply[0] == b"REAPED":
            # No worker repeats a claim that was granted a lease ago.
            for worker, _ in list(self._latest_claims):
                self._forget_claims(worker, 1000 * (now_ms_of(call) - lease_ms) + 999)
        if call.reply[0] == b"REAPED" and len(call.reply[5::2]) < limit:
            late = [task for task in leased if task.place is Place.LEASED and task.ends_ms <= now_ms_of(call)]
            check(not late, "G10: a lease that ended is taken back", call, late)

    def _recover(self, call: Call) -> None:
        worker, crash_limit, _, *rows = call.arguments
        self._forget_claims(worker.decode(), call.now_us)
        orphans = list(rows_of(rows, 3, call.reply))
        started = [task for (id, token, ran), _ in orphans if ran == b"1" and (task := self._held(id, token))]
        guilty = [task for task in started if task.crashes] or started
        for (id, token, ran), status in orphans:
            task = self._held(id, token)
            if task is None:
                check(status == b"LOST", "G6: only what the dead worker holds is taken back", call, id)
            else:
                task.has_started = ran == b"1"
                self._take_back(call, task, task in guilty, int(crash_limit), status)

    def _forget_claims(self, worker: str, until_us: int) -> None:
        for stream in (b"", b"wake"):
            _, token = self._latest_claims.get((worker, stream), (b"", 0))
            if token <= until_us:
                self._latest_claims.pop((worker, stream), None)

    def _take_back(self, call: Call, task: Shadow, is_crash: bool, crash_limit: int, status: bytes) -> None:
        expected = task.end_instead(now_ms_of(call)) or task.take_back(now_ms_of(call), is_crash, crash_limit)
        check(status == expected, "G15: a crash counts against the guilty", call, task.id, expected)

    def _cancel(self, call: Call) -> None:
        retention_ms, *rows = call.arguments
        for (id, _), status in rows_of(rows, 2, call.reply):
            task = self.tasks.get(id)
            if task is not None and task.has_ended_unseen and status in (b"ENDED", b"UNKNOWN"):
                continue
            if task is None or task.place is Place.FORGOTTEN:
                expected = b"UNKNOWN"
            elif task.place in ENDED:
                expected = b"ENDED"
            else:
                task.cancelled_for_ms = int(retention_ms)
                is_over = task.place is Place.WAITING and task.end_as_asked(now_ms_of(call))
                expected = b"CANCELLED" if is_over else b"CANCELLING"
            check(status == expected, "a cancelled task never runs", call, id, expected)

    def _expire(self, call: Call) -> None:
        for task in self.tasks.values():
            if task.is_waiting and task.has_expired(now_ms_of(call)):
                task.may_have_expired = True

    def _forget(self, call: Call) -> None:
        _, dead_ms, kept, sooner_ms = map(int, call.arguments)
        sooner = forget(self.tasks.values(), now_ms_of(call), dead_ms, kept, sooner_ms)
        check(call.reply[2] == len(sooner), "no result is forgotten too soon, nor kept beyond the bound", call, sooner)

    def _scrub(self, call: Call) -> None:
        check(len(call.reply) == 6, "I11: each task is in exactly one place", call, call.reply[6:])


def _number_of(nonce: bytes) -> int:
    return int(nonce.rpartition(b".")[2] or b"-1")
