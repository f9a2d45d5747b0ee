"""Waits until a task may be due, by the wake-ups that idle workers get, so that a program need not poll."""

from redisched.pulling.puller import Puller
from redisched.store.operation import Operation, Pause, with_retries

LOOK_AGAIN_S = 0.25
"""Where no command can wait for all shards, on a cluster, they are looked at this often."""


def wait_for_task(puller: Puller, within_s: float, next_due_ms: int | None) -> Operation[None]:
    """Wait until a task may be due, at most so many seconds, and at most half as long as a command may take.

    The caller claims next, whatever happened: a wake-up that was taken and not followed by a claim would be lost.
    """
    context, broker = puller.context, puller.caller.broker
    wait_s = min(within_s, broker.timeout_s / 2, puller.until_reap_s())
    if next_due_ms is not None:
        wait_s = min(wait_s, (next_due_ms - context.server_now_ms()) / 1e3)
    wait_s = max(0.001, wait_s)
    keys = [store.keys.wake for store in context.stores.values()]
    if len({broker.group_of(key) for key in keys}) > 1:
        yield Pause(min(wait_s, LOOK_AGAIN_S))
        return
    yield from with_retries(lambda: _until_woken(keys, wait_s), puller.caller.retry_policy())


def _until_woken(keys: list[str], wait_s: float) -> Operation[None]:
    yield ("BLPOP", *keys, f"{wait_s:.3f}")
