"""Saves the checkpoints of an isolated handler: its worker does so, because the worker holds the lease."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from redisched.engine.isolation.messages import Answer, AnswerKind, Reply, ReplyKind
from redisched.errors import BrokerError, BrokerRefused, BrokerUnavailable, LeaseLost, QueueFull


class CheckpointLink:
    """Has the worker save the states of one running handler, inside the handler's process.

    A thread of its own talks with the worker: an interruption, which hits the main thread, must not cut a message.
    """

    def __init__(self, send: Callable[[Reply], object], receive: Callable[[], Answer]) -> None:
        self._send = send
        self._receive = receive
        self._thread = ThreadPoolExecutor(1, "redisched-checkpoint")

    def save(self, state: bytes) -> None:
        """Have an encoded state saved, blocking. Raises LeaseLost and BrokerError."""
        _check(self._thread.submit(self._exchange, state).result())

    async def save_async(self, state: bytes) -> None:
        """Have an encoded state saved under asyncio. Raises LeaseLost and BrokerError."""
        _check(await asyncio.wrap_future(self._thread.submit(self._exchange, state)))

    def end(self) -> None:
        """Wait for the last answer. Nothing can be saved afterwards."""
        self._thread.shutdown()

    def _exchange(self, state: bytes) -> Answer:
        self._send(Reply(ReplyKind.CHECKPOINT, outcome=state))
        return self._receive()


def answer_to(save: Callable[[bytes], None], state: bytes) -> Answer:
    """Save an encoded state, inside the worker; answers what became of it."""
    try:
        save(state)
    except LeaseLost:
        return Answer(AnswerKind.LOST)
    except BrokerUnavailable as error:
        return Answer(AnswerKind.UNAVAILABLE, error.reason, error.waited_s)
    except QueueFull as error:
        return Answer(AnswerKind.FULL, error.reason)
    except BrokerError as error:
        return Answer(AnswerKind.REFUSED, str(error))
    return Answer(AnswerKind.SAVED)


def _check(answer: Answer) -> None:
    match answer.kind:
        case AnswerKind.LOST:
            raise LeaseLost
        case AnswerKind.UNAVAILABLE:
            raise BrokerUnavailable(answer.reason, answer.waited_s)
        case AnswerKind.FULL:
            raise QueueFull(answer.reason)
        case AnswerKind.REFUSED:
            raise BrokerRefused("checkpoint", answer.reason)
