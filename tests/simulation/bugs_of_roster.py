"""Bugs planted in the roster, in orders and in counting, each only during its own test, and the promises that they must
be caught by.
"""

from redisched.engine.order_taker import OrderTaker
from redisched.engine.tally import WorkTally
from redisched.engine.tally_sender import TallySender
from redisched.store.operation import run_async
from redisched.store.tallies import Batch
from tests.chaos.mutant import Mutant
from tests.simulation.bug import Bug, in_method, in_script
from tests.simulation.roster_referee import CARRIED_OUT, EXACT, NAMES, NOT_MORE, ONCE, PRESENT, TOLD

_HEARD = "if order ~= '' and order == heard then"
ROSTER_MUTANTS = {
    "tally does not compare the number": Mutant("tally", "if known and number <= known then", "if false then"),
    "an order is told again after it was heard": Mutant("introduce", _HEARD, "if false then"),
    "an order is forgotten when a reply is lost": Mutant(
        "introduce", _HEARD, f"redis.call('HDEL', ORDERS, worker)\n{_HEARD}"
    ),
    "introduce removes live ones": Mutant("introduce", "'-inf', now, 'LIMIT'", "'-inf', '+inf', 'LIMIT'"),
    "introduce believes that somebody has told the names": Mutant(
        "introduce", "if serves == '' and not is_live then", "if false then"
    ),
    "the names go with any worker": Mutant("depart", "if redis.call('ZCARD', PRESENT) == 0 then", "if true then"),
    "who is gone is listed": Mutant("read/workers", "if until_ms and tonumber(until_ms) > now_ms then", "if true then"),
}
_PROMISES = {
    "tally does not compare the number": (NOT_MORE, EXACT),
    "an order is told again after it was heard": (TOLD,),
    "an order is forgotten when a reply is lost": (CARRIED_OUT, TOLD),
    "introduce removes live ones": (PRESENT,),
    "introduce believes that somebody has told the names": (NAMES,),
    "the names go with any worker": (NAMES,),
    "who is gone is listed": (PRESENT,),
}


def _renumber(self: WorkTally, now_ms: float) -> Batch | None:
    """Give every try a number of its own."""
    if (batch := _batch_as_it_was(self, now_ms)) is not None:
        self._number += 1
        self._batch = batch._replace(number=self._number)
    return self._batch


def _of_now(self: WorkTally, now_ms: float) -> Batch | None:
    """Let every try be for the minute in which it is made."""
    batch = _batch_as_it_was(self, now_ms)
    return None if batch is None else batch._replace(since_ms=int(now_ms))


async def _send_once(self: TallySender) -> None:
    """Take the batch for counted, whether or not there is a reply."""
    batch = self._context.tally.batch(self._context.server_now_ms())
    if batch is not None:
        self._context.tally.counted()
        await run_async(self._tallies.add(self._context.worker, batch), self._client)


def _forget_earlier(self: OrderTaker, told: str) -> bool:
    """Know only the latest order."""
    if told != self.heard:
        self._known.clear()
    return _take_once(self, told)


_batch_as_it_was = WorkTally.batch
_take_once = OrderTaker.take

BUGS_OF_ROSTER: dict[str, Bug] = {
    **{name: in_script(mutant, *_PROMISES[name]) for name, mutant in ROSTER_MUTANTS.items()},
    "a batch is renumbered when its reply is lost": in_method(WorkTally, "batch", _renumber, NOT_MORE, EXACT),
    "a batch is counted in the minute of its last try": in_method(WorkTally, "batch", _of_now, NOT_MORE, EXACT),
    "a batch is given up when its reply is lost": in_method(TallySender, "send", _send_once, EXACT),
    "an order is carried out again after a later one": in_method(OrderTaker, "take", _forget_earlier, ONCE),
}
