"""Keeps the leases of a block alive, in a thread of its own and on a connection of its own, as a worker does."""

from collections.abc import Callable

from redisched.engine.lease_renewer import LeaseRenewer
from redisched.engine.leased_task import LeasedTask
from redisched.engine.runtime import RunningRenewer, renew_in_thread
from redisched.engine.watchdog import Watchdog
from redisched.engine.worker_context import WorkerContext
from redisched.errors import Interruption, LeaseLost
from redisched.pulling.puller import Puller
from redisched.store.operation import Operation


def keep_leased(
    context: WorkerContext, puller: Puller, note_lost: Callable[[LeasedTask], None]
) -> RunningRenewer | None:
    """Begin to renew the leases that are in flight. In a test's virtual time no lease ends, so nothing is renewed."""
    if puller.caller.virtual_clock is not None:
        return None
    return renew_in_thread(_Keeping(context, puller, note_lost), puller.caller.broker)


class _Keeping(LeaseRenewer):
    """Renews leases, and reaps the queue meanwhile."""

    def __init__(self, context: WorkerContext, puller: Puller, note_lost: Callable[[LeasedTask], None]) -> None:
        super().__init__(context, self._note, Watchdog(context, _nothing_runs, _stop_nothing))
        self._puller = puller
        self._note_lost = note_lost

    def step(self) -> Operation[float]:
        delay_s = yield from super().step()
        yield from self._puller.reap()
        return min(delay_s, max(0.0, self._puller.until_reap_s()))

    def _note(self, task: LeasedTask, kind: type[Interruption]) -> None:
        if kind is LeaseLost:
            self._note_lost(task)


def _nothing_runs() -> list[LeasedTask]:
    """The handlers that may be stuck: it is not known what the program does with its tasks."""
    return []


def _stop_nothing(_stuck: list[LeasedTask], _on_begun: Callable[[], None]) -> None:
    """Called for stuck handlers, of which there are none."""
