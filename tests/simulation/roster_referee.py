"""Checks every answer about the roster, the orders and the counts against what happened, and what is stored."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from redisched.activity import Activity, AttemptEnd
from redisched.errors import Undecodable
from redisched.keys import fleet_keys
from redisched.store.presence import decode_deployment, decode_presence
from redisched.store.tallies import Span
from tests.simulation.calls import check, now_ms_of
from tests.simulation.miniature import Miniature
from tests.simulation.server import Call

PRESENT = "a live worker is present"
GONE = "a worker that is gone is not present for longer than it counts"
NAMES = "the names of a deployment can be read while one of its workers is present"
TOLD = "an order is told until it is heard, and not again"
ONCE = "an order is carried out once at most"
MEANT = "an order is carried out by the worker that it was for"
CARRIED_OUT = "an order is carried out by a worker that lives for ten seconds after"
NOT_MORE = "what is counted is never more than what was done"
EXACT = "all that was done is counted of a process that ended in good order"
STORED = "what is stored is what was counted"
KNOWN = "whoever is not present cannot be told"

Key = tuple[str, AttemptEnd]
Done = Counter[Key]


@dataclass(slots=True)
class Order:
    """An order as it was given first, in server ms. It is `replaced` if another took its place before it was heard."""

    worker: str
    given_ms: int
    replaced: bool = False


class RosterReferee:
    """Checks every answer. `done_by` answers what a process has done until now."""

    def __init__(self, miniature: Miniature, done_by: Callable[[str], Done]) -> None:
        self._miniature = miniature
        self._done_by = done_by
        self.until_ms: dict[str, int] = {}
        """Until when each worker that was introduced counts as present."""
        self.orders: dict[str, Order] = {}
        """By what they are told as."""
        self.carried_out: Counter[str] = Counter()
        self.counted: dict[str, Done] = {}
        self.answers: Counter[str] = Counter()
        self._pending: dict[str, str] = {}
        self._deployed_ms: dict[str, int] = {}
        self._checks: dict[str, Callable[[Call], None]] = {
            "introduce": self._introduce,
            "depart": self._depart,
            "order": self._order,
            "tally": self._tally,
        }

    def observe(self, call: Call) -> None:
        """Check an answer, and what is stored after it. Raises Foul."""
        self.answers[f"{call.script} {call.reply[0].decode()}"] += 1
        self._checks[call.script](call)
        self._check_stored(call)

    def read(self, call: Call) -> None:
        """Check what is read. Raises Foul."""
        if call.script == "read/workers":
            told = {name.decode() for name in call.reply[2::3]}
            check(told == self.present(now_ms_of(call)), PRESENT, call, told)

    def undo(self, kept: int) -> None:
        """No replica takes over in this world."""

    def present(self, now_ms: int) -> set[str]:
        """Those who count as present."""
        return {worker for worker, until_ms in self.until_ms.items() if until_ms > now_ms}

    def carry_out(self, worker: str, told: str, call: Call) -> None:
        """A worker carries out an order. Raises Foul."""
        self.carried_out[told] += 1
        check(self.carried_out[told] == 1, ONCE, call, worker, told)
        check(self.orders[told].worker == worker, MEANT, call, worker, told)

    def due_orders(self, until_ms: int) -> Iterable[tuple[str, Order]]:
        """Orders that were given by then, took their place and were not carried out."""
        for told, order in self.orders.items():
            if order.given_ms <= until_ms and not order.replaced and not self.carried_out[told]:
                yield told, order

    def check_exact(self, worker: str, call: Call) -> None:
        """Raises Foul if less is counted of a worker than it has done."""
        check(self.counted.get(worker, Counter()) == self._done_by(worker), EXACT, call, worker)

    def check_spans(self, call: Call) -> None:
        """Raises Foul if the minutes, or the hours, do not have what was counted."""
        counted = sum(self.counted.values(), Counter[Key]())
        for span in Span:
            stored: Done = Counter()
            for key in (key for key in self._miniature.data if key.endswith(f":{span.value.name}".encode())):
                for row, numbers in self._miniature.data[key].items():
                    activity = Activity.decode(numbers)
                    stored.update({(row.decode().rstrip("/"), end): activity.number(end) for end in AttemptEnd})
            check(+stored == counted, STORED, call, span, stored, counted)

    def _introduce(self, call: Call) -> None:
        worker, _, digest, serves, live_ms, heard = (part.decode(errors="replace") for part in call.arguments)
        now_ms = now_ms_of(call)
        is_known = bool(serves) or self._deployed_ms.get(digest, 0) > now_ms
        check(call.reply[0] == (b"INTRODUCED" if is_known else b"UNKNOWN"), NAMES, call)
        if not is_known:
            return
        for gone in self.until_ms.keys() - self.present(now_ms):
            del self.until_ms[gone]
            self._pending.pop(gone, None)
        self.until_ms[worker] = self._deployed_ms[digest] = now_ms + int(live_ms)
        if heard and self._pending.get(worker) == heard:
            del self._pending[worker]
        check(call.reply[2].decode() == self._pending.get(worker, ""), TOLD, call, self._pending.get(worker))

    def _depart(self, call: Call) -> None:
        worker = call.arguments[0].decode()
        self.until_ms.pop(worker, None)
        self._pending.pop(worker, None)
        if not self.present(0):
            self._deployed_ms.clear()

    def _order(self, call: Call) -> None:
        worker, order_id, what = (part.decode() for part in call.arguments)
        is_present = self.until_ms.get(worker, 0) > now_ms_of(call)
        check(call.reply[0] == (b"ORDERED" if is_present else b"UNKNOWN"), KNOWN, call)
        if not is_present:
            return
        told = f"{order_id} {what}"
        before = self._pending.get(worker)
        if before not in (None, told):
            self.orders[before].replaced = True
        self._pending[worker] = told
        self.orders.setdefault(told, Order(worker, now_ms_of(call)))

    def _tally(self, call: Call) -> None:
        if call.reply[0] != b"TALLIED":
            return
        worker, _, _, *rows = call.arguments
        counted = self.counted.setdefault(worker.decode(), Counter())
        for queue, numbers in zip(rows[::3], rows[2::3], strict=True):
            for index, number in (pair.split(b"=") for pair in numbers.split()):
                counted[queue.decode(), AttemptEnd(int(index))] += int(number)
        check(counted <= self._done_by(worker.decode()), NOT_MORE, call, counted, self._done_by(worker.decode()))

    def _check_stored(self, call: Call) -> None:
        data, keys, now_ms = self._miniature.data, fleet_keys(), now_ms_of(call)
        said, served = data.get(keys.workers.encode(), {}), data.get(keys.deployments.encode(), {})
        ranked = data[keys.present.encode()].ranked if keys.present.encode() in data else []
        live = {member.decode() for until_ms, member in ranked if until_ms > now_ms}
        check(live == self.present(now_ms), PRESENT, call, live ^ self.present(now_ms))
        for worker in live:
            check(worker.encode() in said, PRESENT, call, worker)
            try:
                presence = decode_presence(said[worker.encode()])
                decode_deployment(served.get(presence.deployment.encode(), b""))
            except Undecodable:
                check(False, NAMES, call, worker)
