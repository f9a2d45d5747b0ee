"""Waits until a task may be due, by the wake-ups that idle workers get, so that a program need not poll."""

from math import inf

from redisched.pulling.puller import Puller
from redisched.store.operation import Operation, Pause, with_retries

LOOK_AGAIN_S = 0.25
"""Where no command can wait for all shards, on a cluster, they are looked at this often."""
_ANSWERS_LATE_S = 0.11
"""A server ends a BLPOP up to 0.1 s after its time, so that is over before the next task is due."""
_LOOK_CLOSELY_S = 0.01
"""How often to look from then on, so that a task that is added meanwhile need not wait."""


def wait_for_task(puller: Puller, within_s: float, next_due_ms: int | None) -> Operation[None]:
    """Wait until a task may be due, at most so many seconds, and at most half as long as a command may take.

    The caller claims next, whatever happened: a wake-up that was taken and not followed by a claim would be lost.
    """
    context, broker = puller.context, puller.caller.broker
    wait_s = min(within_s, broker.timeout_s / 2, puller.until_reap_s())
    due_s = inf if next_due_ms is None else (next_due_ms - context.server_now_ms()) / 1e3
    if due_s <= _ANSWERS_LATE_S:
        yield Pause(max(0.001, min(wait_s, due_s, _LOOK_CLOSELY_S)))
        return
    wait_s = max(0.001, min(wait_s, due_s - _ANSWERS_LATE_S))
    keys = [store.keys.wake for store in context.stores.values()]
    if len({broker.group_of(key) for key in keys}) > 1:
        yield Pause(min(wait_s, LOOK_AGAIN_S))
        return
    yield from with_retries(lambda: _until_woken(keys, wait_s), puller.caller.retry_policy())


def _until_woken(keys: list[str], wait_s: float) -> Operation[None]:
    yield ("BLPOP", *keys, f"{wait_s:.3f}")
