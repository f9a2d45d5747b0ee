"""Where tasks are after a run is recorded, and a whole run without faults breaks no invariant."""

from redisched.chaos.checker import check
from redisched.chaos.history.final_places import record_final_places
from redisched.chaos.history.reading import read_history
from redisched.chaos.history.record import FinalPlaces, Found
from redisched.client.scheduler import Scheduler
from redisched.model import TaskState
from redisched.retry import Retry
from redisched.store.broker import Broker
from redisched.store.values import Bury
from tests.chaos_kit.observed_queue import QUEUE, ObservedQueue
from tests.engine.running import SOON, RunningWorker, counts
from tests.waiting import wait_until


def test_the_final_places_of_every_task_are_recorded(queue: ObservedQueue) -> None:
    app = Scheduler(broker=queue.broker)
    app.enqueue("send", queue=QUEUE, id="cancelled").cancel()
    queue.enqueue("dead", "leased")
    dead, _ = queue.claim()
    queue.call(queue.store.bury([Bury(dead.id, dead.token, b"boom")]))
    queue.enqueue("waiting")
    record_final_places(queue.broker, QUEUE, queue.recorder)

    assert {record.task: (record.places, record.ended) for record in queue.history(Found)} == {
        "cancelled": (("finished", "outcomes"), TaskState.CANCELLED),
        "dead": (("dead", "tasks"), TaskState.DEAD),
        "leased": (("held", "leases", "tasks"), None),
        "waiting": (("tasks", "waiting"), None),
    }
    assert [record.tasks for record in queue.history(FinalPlaces)] == [4]


def ended_in(broker: Broker) -> int:
    """How many tasks have finished or are dead."""
    there = counts(broker, QUEUE)
    return there.finished + there.dead


def test_the_recorded_history_of_a_real_run_has_no_violations(queue: ObservedQueue) -> None:
    app = Scheduler(broker=queue.broker)
    recorder = queue.recorder

    @app.task(queue=QUEUE, name="send", retry=Retry(attempts=2, backoff=SOON), retention=3_600)
    def send(number: int) -> int:
        with recorder.execution():
            return 1 // (number % 7)

    requests = [app.request("send", number, priority=number % 3, delay=number % 2 / 10) for number in range(50)]
    with recorder.enqueueing(*requests):
        app.enqueue_many(requests)
    with RunningWorker(app):
        wait_until(lambda: ended_in(queue.broker) == len(requests), "all tasks have ended")
    record_final_places(queue.broker, QUEUE, recorder)

    assert [str(violation) for violation in check(read_history(queue.folder))] == []
