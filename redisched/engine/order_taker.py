"""Carries out what people tell this worker to do."""

from collections import deque
from collections.abc import Callable

from redisched.engine.claiming.claimer import Claimer
from redisched.engine.logs import log
from redisched.orders import WorkerOrder

MOST_KNOWN = 100
"""So many orders are known again when they are told again."""


class OrderTaker:
    """Takes each order once. `leave` is called with an order after which this process ends."""

    def __init__(self, worker: str, claimer: Claimer, leave: Callable[[WorkerOrder], None]) -> None:
        self._worker = worker
        self._claimer = claimer
        self._leave = leave
        self.heard = ""
        """The latest order, as it was told."""
        self._known: deque[str] = deque(maxlen=MOST_KNOWN)

    def take(self, told: str) -> bool:
        """Carry out an order, unless that is done. It is told as its id and a word. Whoever gives it repeats the call
        if the reply is lost, so it may come again after later ones. Answers whether it is not the latest one.
        """
        if told in ("", self.heard):
            return False
        self.heard = told
        if told in self._known:
            return True
        self._known.append(told)
        word = told.rpartition(" ")[2]
        try:
            order = WorkerOrder(word)
        except ValueError:
            log.warning("worker %s: it was told %r, which this version does not know", self._worker, word)
            return True
        log.info("worker %s: it was told: %s", self._worker, order.value)
        match order:
            case WorkerOrder.QUIET:
                self._claimer.quiet()
            case WorkerOrder.RESUME:
                self._claimer.resume()
            case WorkerOrder.STOP | WorkerOrder.RECYCLE:
                self._leave(order)
        return True
