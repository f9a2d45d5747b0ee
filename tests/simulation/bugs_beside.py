"""Bugs planted beside the way of every task: in checkpoints, in telling of ends, and in what steers tasks."""

from redisched.client.end_listener import EndListener
from redisched.store.operation import Operation
from redisched.store.store import Store
from tests.chaos.checkpoint_machine import CHECKPOINT_MUTANTS
from tests.chaos.mutant import Mutant
from tests.chaos.test_mutants import MUTANTS
from tests.chaos.watching_machine import WATCHING_MUTANTS
from tests.simulation.bug import Bug, in_method, in_script
from tests.simulation.plan import Fault

NO_RECORD = ("a checkpoint without its task", "I11")
TOLD = "who waits for a task is told"


def _read_nothing(_self: Store, _task_id: str) -> Operation[bytes]:
    yield from ()
    return b""


def _hear_nothing(_self: EndListener, _message: bytes) -> None:
    """No waiter is told."""


BUGS_BESIDE: dict[str, Bug] = {
    "a worker that lost the task saves": in_script(
        CHECKPOINT_MUTANTS["a worker that lost the task saves"],
        "G6: only the holder saves",
        needs=frozenset({Fault.PAUSE}),
    ),
    "a claim does not tell of a checkpoint": in_script(
        CHECKPOINT_MUTANTS["a claim does not tell of a checkpoint"], "a claim tells of a checkpoint"
    ),
    "other arguments go on from the checkpoint": in_script(
        CHECKPOINT_MUTANTS["other arguments go on from the checkpoint"], "a claim tells of a checkpoint"
    ),
    "ack leaves a checkpoint": in_script(CHECKPOINT_MUTANTS["ack leaves a checkpoint"], *NO_RECORD),
    "cancel leaves a checkpoint": in_script(CHECKPOINT_MUTANTS["cancel leaves a checkpoint"], *NO_RECORD),
    "discard leaves a checkpoint": in_script(CHECKPOINT_MUTANTS["discard leaves a checkpoint"], *NO_RECORD),
    "the checkpoint is not read": in_method(Store, "saved", _read_nothing, "an attempt is given the latest"),
    "an end does not publish": in_script(WATCHING_MUTANTS["an end does not publish"], TOLD),
    "the listener tells nobody": in_method(EndListener, "_heard", _hear_nothing, TOLD),
    "a task that lives is discarded": in_script(
        MUTANTS["a task that lives is discarded"], "only a dead task is discarded", "I11"
    ),
    "what may start only once is replayed": in_script(
        Mutant("revive", "string.find(redis.call('HGET', TRAITS, id) or '', ONCE)", "false"),
        "only a dead task is replayed",
    ),
    "what is replayed is still out of time": in_script(
        Mutant("revive", "    lift_limits(id)\n", ""), "I8, I9", "only a dead task", "I1"
    ),
    "what is given another time loses its priority": in_script(
        MUTANTS["what is given another time loses its priority"], "I8, I9", "a task keeps its own place"
    ),
    "what is given another time may lie behind its expiry": in_script(
        MUTANTS["what is given another time may lie behind its expiry"], "a task is changed while it waits"
    ),
}
