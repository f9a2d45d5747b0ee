"""Checks by how much the clocks of the server and of this machine differ."""

from collections.abc import Callable

from redisched.doctor.finding import Finding, ok, warning
from redisched.store.operation import Operation

CHECK = "clock"
TOLERATED_S = 1.0


def check_clock(now: Callable[[], float]) -> Operation[list[Finding]]:
    """Compare the server's clock with this machine's. `now` returns this machine's time in seconds since 1970."""
    before_s = now()
    seconds, microseconds = yield ("TIME",)
    after_s = now()
    server_s = int(seconds) + int(microseconds) / 1e6
    # The server read its clock between the two readings of ours, so a value between them counts as no difference.
    apart_s = max(before_s - server_s, server_s - after_s, 0.0)
    if apart_s <= TOLERATED_S:
        return [ok(CHECK, f"The server's clock and this machine's are {apart_s:.3f} s apart or less.")]
    side = "ahead of" if server_s > after_s else "behind"
    sentence = (
        f"The server's clock is {apart_s:.1f} s {side} this machine's: a task with run_at starts by the server's "
        "clock; synchronize both clocks by NTP."
    )
    return [warning(CHECK, sentence)]
