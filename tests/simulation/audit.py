"""Compares what handlers and producers saw with what the server answered.

The referee checks only the server. The audit checks which handlers ran, when and how often, and whether the answer that
was accepted came from the right execution. Fouls within a handler are kept, as raising them would only end the handler.
"""

from redisched.codec import DIGEST_BYTES, decode_kept_task, decode_outcome
from redisched.model import Outcome, TaskState
from tests.chaos.invariants import check_places
from tests.lua.situation import HASHES, ZSETS, Situation
from tests.simulation.checkpoints import is_given_what_was_saved
from tests.simulation.circumstances import Circumstances
from tests.simulation.history import Execution, History, Sent
from tests.simulation.plan import Plan
from tests.simulation.referee import Referee
from tests.simulation.reports import twice_told
from tests.simulation.server import Call, Server
from tests.simulation.shadow import Place, Shadow
from tests.simulation.worker_process import WorkerProcess

ARGUMENTS = 4
"""How many arguments every task has."""
ONCE = "once"
"""The handler that may start only once."""
EARLY_US = 1_000
"""How long before its time by the server's clock a task may start: clocks are read to the millisecond."""


class Audit:
    """The audit of one world. `fouls` are the promises that were broken."""

    def __init__(
        self, plan: Plan, server: Server, referee: Referee, history: History, circumstances: Circumstances
    ) -> None:
        self._server = server
        self._circumstances = circumstances
        self._told_within_us = 1e6 * (2 * plan.worker_settings.heartbeat_s + plan.try_s + 0.1)
        self._referee = referee
        self._history = history
        self._fences: dict[str, int] = {}
        self._executions: dict[tuple[str, int], Execution] = {}
        self._cancelled: set[tuple[str, int]] = set()
        self._granted_us: dict[int, int] = {}
        self._strayed_us: dict[str, int] = {}
        self.fouls: list[str] = []

    def observe(self, call: Call) -> None:
        """Check an answer of the server against the executions."""
        self._history.note(call.caller, "stray" * call.is_stray, call.script, call.arguments[:2], call.reply[:1])
        if call.script == "claim":
            self._check_claiming(call)
        elif call.script == "ack":
            for at, status in enumerate(call.reply):
                if status == b"ACKED":
                    self._check_completion(*call.arguments[4 * at : 4 * at + 4])
        elif call.script == "reap":
            for id in call.reply[5::2]:
                self._check_reaping(call, self._referee.tasks[id])
        elif call.script == "cancel":
            for id, status in zip(call.arguments[1::2], call.reply, strict=True):
                if status == b"CANCELLING":
                    self._doom(self._referee.tasks[id])

    def undo(self, kept: int) -> None:
        """The referee knows which calls were lost. Handlers need not be told to end by calls that were undone."""
        for execution in self._executions.values():
            execution.doomed_us = -1

    def check_start(self, execution: Execution) -> None:
        """Check that a handler starts now."""
        task = self._referee.tasks.get(execution.id.encode())
        fence = execution.fence
        is_lost = fence in self._referee.lost_tokens
        self.expect(task is not None or is_lost, "I2: only what was enqueued runs", execution)
        early_us = execution.run_at_ms * 1000 - self._server.now_us()
        self.expect(
            early_us <= EARLY_US + self._circumstances.set_back_us,
            "I5: no task starts before its time",
            early_us,
            execution,
        )
        # If a failover undid a lease, or a clock jump ended it, the worker cannot know it and may start late.
        granted_us = self._granted_us.get(fence, 0)
        is_ignorant = is_lost or granted_us <= self._circumstances.set_ahead_us
        self.expect(is_ignorant or fence > self._fences.get(execution.id, 0), "I7: fences grow", execution)
        if execution.name == ONCE and not self._was_lost(execution.id):
            runs = sum(other.id == execution.id for other in self._history.executions)
            self.expect(runs == 1, "I13: what may start only once starts once", execution)
        self._fences[execution.id] = max(fence, self._fences.get(execution.id, 0))
        self._executions[execution.id, fence] = execution
        if task is not None and granted_us > self._circumstances.clock_set_us and not is_lost:
            self.expect(task.is_held(fence), "I6: what starts is leased", execution, task)
        if not is_lost and self._server.failed_over_us < granted_us:
            self.expect(
                is_given_what_was_saved(execution, task), "an attempt is given the latest checkpoint", execution, task
            )

    def check_end_of(self, execution: Execution) -> None:
        """Check that a handler ended now, by itself or at a request to end."""
        if execution.listens and execution.doomed_us >= 0 and execution.how != "interrupted":
            could_be_told_us = max(execution.doomed_us, self._circumstances.can_be_told_since_us(execution.process))
            late_us = execution.ended_us - could_be_told_us
            self.expect(
                late_us <= self._told_within_us, "G9: who lost its lease or is cancelled is told", late_us, execution
            )

    def check_stop(self, worker: WorkerProcess) -> None:
        """Check that a worker process ended."""
        now_ms = self._server.now_us() // 1000
        left = [task for task in self._referee.held_by(worker.name) if not task.is_stray and task.ends_ms > now_ms]
        if left and worker.is_stopping and worker.ended_by_itself:
            excused = self._circumstances.excuse_leftovers(worker)
            self.expect(excused, "G10: who stops hands back what it has", worker.name, left)

    def check_end(self, process_defects: list[BaseException | str]) -> None:
        """Check the world after it has drained."""
        for id, sent in self._history.enqueued.items():
            task = self._referee.tasks.get(id.encode())
            if task is None:
                may_be_missing = sent is Sent.UNKNOWN or self._was_lost(id)
                self.expect(may_be_missing, "I1: what was acknowledged is kept", id)
            else:
                self.expect(task.is_over, "I1: every task ends", task)
                self._check_ended(task)
        for defect in process_defects:
            self.expect(False, "nothing fails unseen", repr(defect))
        self._check_kept_tasks()
        situation = situation_of(self._server)
        check_places(situation)
        twice = twice_told(self._server.miniature.data)
        self.expect(not twice, "G27: no line is stored twice", twice)
        self.expect(not situation.get("claims"), "no claim is remembered when nothing is leased", situation)

    def expect(self, holds: bool, promise: str, *facts: object) -> None:
        """Record a foul if a promise does not hold."""
        if not holds:
            self.fouls.append(f"{promise}: {facts}")

    def _check_ended(self, task: Shadow) -> None:
        if task.place is Place.SUCCEEDED:
            completion = (task.id.decode(), task.acked)
            self.expect(completion in self._executions.keys() | self._cancelled, "I1: what succeeded ran", task)

    def _check_kept_tasks(self) -> None:
        """Check what is kept of tasks with keep="task"."""
        data = self._server.miniature.data
        kept = [entry for key, fields in data.items() if key.endswith(b":outcomes") for entry in fields.items()]
        for id, stored in kept:
            encoded = stored.partition(b" ")[2][DIGEST_BYTES:]
            outcome, task = decode_outcome(encoded), decode_kept_task(encoded)
            if task is None:
                continue
            has_body = task.body is not None and len(task.body.args) == ARGUMENTS
            self.expect(has_body, "a task is kept with its arguments", id)
            attempts = [failure.attempt for failure in task.failures if failure.attempt]
            was_replayed = self._referee.tasks[id].was_replayed
            is_whole = are_all_kept(attempts, outcome, was_replayed=was_replayed)
            self.expect(is_whole, "every failed attempt is kept", id, outcome, task)

    def _check_completion(self, id: bytes, token: bytes, _retention_ms: bytes, kept: bytes) -> None:
        outcome = decode_outcome(kept[DIGEST_BYTES:])
        if outcome.state is TaskState.CANCELLED:
            self._cancelled.add((id.decode(), int(token)))
            return
        execution = self._executions.get((id.decode(), int(token)))
        returned = execution is not None and execution.how == "returned"
        self.expect(returned, "I4: only what returned is completed", id, token, execution)
        if execution is not None and outcome.result is not None:
            self.expect(outcome.result == execution.result(), "I4: the result is that of the last holder", outcome)

    def _check_claiming(self, call: Call) -> None:
        """Check that a worker claims again only after it got the reply to its last claim.

        An old request in between is an excuse: the server remembers only one claim, and takes the repeated one for new.
        """
        held = self._referee.held_by(call.caller)
        for task in held:
            self._granted_us.setdefault(task.token, call.at_us)
        if call.is_stray:
            self._strayed_us[call.caller] = call.at_us
            return
        strayed_us = self._strayed_us.get(call.caller, -1)
        nonce = call.arguments[1]
        stream, _, _ = nonce.rpartition(b".")
        for task in held:
            _, before = task.request
            if before != nonce and before.rpartition(b".")[0] == stream and not task.is_stray:
                knows = strayed_us >= task.claimed_us or self._circumstances.knows(task)
                self.expect(knows, "G10: what a worker was given, it knows of", task, call)

    def _check_reaping(self, call: Call, task: Shadow) -> None:
        execution = self._executions.get((task.id.decode(), task.token))
        excused = self._circumstances.excuse_loss(task, has_begun=execution is not None)
        self.expect(excused, "G11: nobody takes the work of the living", task)
        spared = self._circumstances.was_spared(task, call.at_us)
        self.expect(spared, "G11: leases that ended in an outage are spared for a while", task, call)
        self._doom(task)

    def _doom(self, task: Shadow) -> None:
        execution = self._executions.get((task.id.decode(), task.token))
        if execution is not None and execution.doomed_us < 0:
            execution.doomed_us = self._history.now_us()

    def _was_lost(self, id: str) -> bool:
        return any(id.encode() in call.arguments for call in self._referee.lost)


def are_all_kept(attempts: list[int], outcome: Outcome, *, was_replayed: bool) -> bool:
    """Whether these are the numbers of all failed attempts. A replayed task counts from 1 again, after earlier ones."""
    expected = len(attempts) + 1
    if was_replayed:
        began = max((at for at, attempt in enumerate(attempts) if attempt == 1), default=0)
        attempts = attempts[began:]
        expected = 1 if outcome.attempt == 1 else len(attempts) + 1
    in_order = attempts == list(range(1, len(attempts) + 1))
    return in_order and (outcome.state is not TaskState.SUCCEEDED or outcome.attempt == expected)


def situation_of(server: Server) -> Situation:
    """The keys on the server, as a situation."""
    situation: Situation = {}
    for key, content in server.miniature.data.items():
        name = key.decode().rpartition(":")[2]
        if name in ZSETS:
            situation[name] = {member.decode(): score for score, member in content.ranked}
        elif name in HASHES:
            situation[name] = {field.decode(): value.decode(errors="replace") for field, value in content.items()}
    return situation
