"""The referee of the simulation: what counts as a broken promise, and what does not."""

from collections.abc import Sequence
from itertools import count

import pytest

from tests.simulation.calls import Foul
from tests.simulation.referee import Referee
from tests.simulation.server import Call

NOW_US = 1_800_000_000_000_000
TOKEN = b"1800000000000000"
EMPTY = (b"EMPTY", TOKEN, b"")


class Match:
    """Calls of one worker, one after the other, each checked."""

    def __init__(self) -> None:
        self._referee = Referee()
        self._moments_us = count(NOW_US, 1_000)
        self.call("enqueue", [b"", b"a", b"5", b"+0", b"digest-1", b""], [b"CREATED"])

    def call(self, script: str, arguments: Sequence[bytes], reply: Sequence[bytes]) -> None:
        now_us = next(self._moments_us)
        self._referee.observe(Call(script, "w", False, now_us - NOW_US, now_us, [*arguments], [*reply]))

    def claim(self, nonce: bytes, reply: Sequence[bytes]) -> None:
        self.call("claim", [b"w", nonce, b"4", b"0", b"0", b"2000", b"99"], reply)


@pytest.fixture
def match() -> Match:
    return Match()


def granted() -> list[bytes]:
    """The reply to a claim that gets the only task."""
    score = str(5 * 2**42 + NOW_US // 1_000).encode()
    return [b"CLAIMED", TOKEN, TOKEN, b"", b"a", score, b"0 0 0 0", b"digest-1"]


def test_a_repeated_claim_must_get_the_same_reply(match: Match) -> None:
    match.claim(b"0", granted())
    match.claim(b"0", granted())

    with pytest.raises(Foul, match="a repeated claim gives what it gave before"):
        match.claim(b"0", EMPTY)


def test_a_claim_that_strays_twice_after_a_later_one_repeats_the_reply_of_its_first_stray(match: Match) -> None:
    match.claim(b"0", granted())
    match.claim(b"1", EMPTY)
    match.claim(b"0", EMPTY)

    match.claim(b"0", EMPTY)


def test_a_claim_must_take_the_most_urgent_task(match: Match) -> None:
    with pytest.raises(Foul, match="I8, I9"):
        match.claim(b"0", EMPTY)
