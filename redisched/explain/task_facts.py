"""What is known of a task when it is asked why it does not run, and what follows from that."""

from dataclasses import dataclass

from redisched.model import DeathReason, TaskState
from redisched.store.circumstances import Circumstances
from redisched.store.presence import Deployment
from redisched.store.roster import LiveDeployments
from redisched.store.slot_use import QueueSlots
from redisched.store.view import PENDING, TaskView

NOBODY = LiveDeployments((), is_complete=True)


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """A task, its circumstances, and what live workers serve. Nothing is read from Redis here.

    `slots` are those of the workers that take tasks of its queue; None if they are not known.
    """

    circumstances: Circumstances
    live: LiveDeployments = NOBODY
    slots: QueueSlots | None = None

    @property
    def view(self) -> TaskView:
        """The task itself."""
        return self.circumstances.view

    @property
    def is_waiting(self) -> bool:
        """Whether it waits, due or not."""
        return self.view.state in PENDING

    @property
    def is_not_due(self) -> bool:
        """Whether it waits for its time."""
        return self.view.state in (TaskState.SCHEDULED, TaskState.RETRYING)

    @property
    def is_over_expiry(self) -> bool:
        """Whether it waits, and its `expires` time is over."""
        return self.is_waiting and _is_past(self.view.expires_ms, self.view.now_ms)

    @property
    def is_over_deadline(self) -> bool:
        """Whether it has died of its deadline, or waits for another attempt, which its deadline forbids."""
        view = self.view
        if view.state is TaskState.DEAD:
            return view.failure is not None and view.failure.reason == DeathReason.DEADLINE
        counts = self.is_waiting and self.circumstances.does_deadline_count
        return counts and _is_past(view.deadline_ms, view.now_ms)

    @property
    def is_lease_over(self) -> bool:
        """Whether a worker has it whose lease is over."""
        return _is_past(self.view.lease_until_ms, self.view.now_ms)

    @property
    def needs_worker(self) -> bool:
        """Whether a worker of its queue has to do something before it runs or ends."""
        return self.is_waiting or self.is_lease_over

    @property
    def is_served(self) -> bool:
        """Whether a live worker, or a program that pulls, serves its queue."""
        return self.circumstances.is_served or bool(self._workers) or not self.live.is_complete

    @property
    def are_workers_quiet(self) -> bool:
        """Whether its queue has live workers, and none of them takes tasks any more."""
        workers = self._workers
        return bool(workers) and self.live.is_complete and all(worker in self.live.quiet for worker in workers)

    @property
    def is_handler_known(self) -> bool:
        """Whether a live worker of its queue knows its handler, or may know it."""
        name, workers = self.view.name, self._workers
        if not name or not workers or not self.live.is_complete:
            return True
        return any(name in worker.handlers or worker.more_handlers for worker in workers)

    @property
    def is_codec_known(self) -> bool:
        """Whether a live worker of its queue has the codec of its arguments, or may have it."""
        codec, workers = self.view.body and self.view.body.codec, self._workers
        if not codec or not workers or not self.live.is_complete:
            return True
        return any(worker.codec == codec for worker in workers)

    @property
    def are_slots_busy(self) -> bool:
        """Whether its queue has workers that take tasks, and each of their slots runs one."""
        return self.slots is not None and self.slots.are_all_busy

    @property
    def is_put_off(self) -> bool:
        """Whether it waits because a worker that does not understand it has given it back, and nobody understands it
        yet.
        """
        view = self.view
        was_given_back = view.state is TaskState.SCHEDULED and view.redeliveries > 0
        return was_given_back and not (self.is_handler_known and self.is_codec_known)

    @property
    def _workers(self) -> list[Deployment]:
        """The live deployments that serve its queue, or may serve it."""
        return [one for one in self.live.deployments if self.view.queue in one.queues or one.more_queues]


def _is_past(moment_ms: int | None, now_ms: int) -> bool:
    return moment_ms is not None and moment_ms <= now_ms
