"""The server's time as a worker estimates it: never ahead of the server."""

from hypothesis import given
from hypothesis import strategies as st

from redisched.clock import DRIFT, ServerClock, SystemClock

BEGAN_US = 1_800_000_000_000_000


class Server:
    """A server whose clock reads BEGAN_US at the monotonic moment 1000, and runs at a rate of its own."""

    def __init__(self, rate: float = 1.0) -> None:
        self.rate = rate
        self.set_back_us = 0

    def now_us(self, monotonic_s: float) -> int:
        return BEGAN_US + int((monotonic_s - 1000.0) * self.rate * 1e6) - self.set_back_us


def call(clock: ServerClock, server: Server, sent_s: float, there_s: float, back_s: float) -> float:
    """Observe one call; answers when its reply arrived."""
    clock.observe(sent_s, sent_s + there_s + back_s, server.now_us(sent_s + there_s))
    return sent_s + there_s + back_s


def test_before_the_first_reply_the_time_is_zero() -> None:
    assert ServerClock().now_ms(123.0) == 0.0


def test_a_reply_without_delay_gives_the_exact_time() -> None:
    clock = ServerClock()
    call(clock, Server(), 1000.0, 0.0, 0.0)

    assert clock.now_ms(1000.5) == BEGAN_US / 1e3 + 500
    assert clock.monotonic_at(BEGAN_US / 1e3 + 500) == 1000.5


delays = st.floats(0.0001, 2.0)
"""The travel time of a message, longer than the precision of the clocks."""


@given(st.lists(st.tuples(st.floats(0.0, 10.0), delays, delays), min_size=1, max_size=30))
def test_the_clock_is_never_ahead_of_a_steady_server_and_late_by_the_fastest_reply(
    calls: list[tuple[float, float, float]],
) -> None:
    clock, server, now_s = ServerClock(), Server(), 1000.0
    replies = []
    for pause_s, there_s, back_s in calls:
        now_s = call(clock, server, now_s + pause_s, there_s, back_s)
        replies.append((now_s, back_s))
    late_ms = server.now_us(now_s) / 1e3 - clock.now_ms(now_s)

    assert -0.01 <= late_ms <= min(back_s + (now_s - at_s) * DRIFT for at_s, back_s in replies) * 1e3 + 0.01


@given(st.floats(-DRIFT, DRIFT), st.lists(st.tuples(st.floats(0.0, 600.0), delays, delays), min_size=1, max_size=30))
def test_t48_the_clock_is_not_ahead_of_a_server_whose_clock_is_slewed(
    drift: float, calls: list[tuple[float, float, float]]
) -> None:
    clock, server, now_s = ServerClock(), Server(1.0 + drift), 1000.0
    for pause_s, there_s, back_s in calls:
        now_s = call(clock, server, now_s + pause_s, there_s, back_s)

        assert clock.now_ms(now_s) <= server.now_us(now_s) / 1e3 + 0.01


@given(st.floats(0.001, 86_400.0), delays, delays)
def test_a_clock_set_back_is_noticed_with_the_next_reply(set_back_s: float, there_s: float, back_s: float) -> None:
    clock, server = ServerClock(), Server()
    now_s = call(clock, server, 1000.0, 0.0, 0.0)
    server.set_back_us = int(set_back_s * 1e6)
    now_s = call(clock, server, now_s + 1.0, there_s, back_s)

    # A difference that the travel time can explain is not noticed: the error is at most the travel time.
    assert clock.now_ms(now_s) <= server.now_us(now_s) / 1e3 + (there_s + back_s) * 1e3 + 0.01


def test_a_clock_set_forward_is_followed_at_once() -> None:
    clock, server = ServerClock(), Server()
    call(clock, server, 1000.0, 0.0, 0.0)
    server.set_back_us = -3_600_000_000
    now_s = call(clock, server, 1001.0, 0.01, 0.01)

    assert server.now_us(now_s) / 1e3 - clock.now_ms(now_s) <= 11


def test_the_clock_of_the_machine_does_not_go_back() -> None:
    clock = SystemClock()

    assert clock.monotonic() <= clock.monotonic()
