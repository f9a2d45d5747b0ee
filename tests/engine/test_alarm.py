"""An alarm rings once, never before its time; a later setting replaces an earlier one."""

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from redisched.engine.alarm import Alarm, KernelAlarm, LoopAlarm, MakeAlarm, make_alarm

KINDS = [LoopAlarm, *([KernelAlarm] if sys.platform == "linux" else [])]
every_kind = pytest.mark.parametrize("make", KINDS)


class Harness:
    """Rung by an alarm; remembers when."""

    def __init__(self, make: MakeAlarm) -> None:
        self.fired_s: list[float] = []
        self.rang = asyncio.Event()
        self.alarm: Alarm = make(self._on_alarm)

    def set(self, moment_s: float | None) -> None:
        self.alarm.set(moment_s, time.monotonic())

    async def wait(self) -> float:
        async with asyncio.timeout(20):
            await self.rang.wait()
        self.rang.clear()
        return self.fired_s[-1]

    def _on_alarm(self) -> None:
        self.fired_s.append(time.monotonic())
        self.rang.set()


def with_bell(make: MakeAlarm, use: Callable[[Harness], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        harness = Harness(make)
        try:
            await use(harness)
        finally:
            harness.alarm.close()

    asyncio.run(main())


@every_kind
def test_an_alarm_rings_at_its_time_and_not_before(make: MakeAlarm) -> None:
    async def use(harness: Harness) -> None:
        for delay_s in (0.0003, 0.01, 0.0):
            moment_s = time.monotonic() + delay_s
            harness.set(moment_s)
            assert await harness.wait() >= moment_s

    with_bell(make, use)


@every_kind
@pytest.mark.parametrize("moment_s", [0.0, -1.0, 1e-12])
def test_an_alarm_set_to_a_time_in_the_past_rings_at_once(make: MakeAlarm, moment_s: float) -> None:
    async def use(harness: Harness) -> None:
        harness.set(moment_s)
        await harness.wait()

    with_bell(make, use)


@every_kind
def test_a_later_setting_replaces_an_earlier_one(make: MakeAlarm) -> None:
    async def use(harness: Harness) -> None:
        later_s = time.monotonic() + 0.02
        harness.set(later_s - 0.015)
        harness.set(later_s)
        assert await harness.wait() >= later_s
        assert len(harness.fired_s) == 1

    with_bell(make, use)


@every_kind
def test_an_expired_alarm_set_again_before_its_callback_does_not_ring_early(make: MakeAlarm) -> None:
    async def use(harness: Harness) -> None:
        begun_s = time.monotonic()
        harness.set(begun_s)
        while time.monotonic() < begun_s + 0.001:
            pass
        moment_s = time.monotonic() + 0.02
        harness.set(moment_s)
        assert await harness.wait() >= moment_s
        assert len(harness.fired_s) == 1

    with_bell(make, use)


@every_kind
def test_setting_none_cancels_the_alarm(make: MakeAlarm) -> None:
    async def use(harness: Harness) -> None:
        other = Harness(make)
        harness.set(time.monotonic() + 0.005)
        harness.set(None)
        other.set(time.monotonic() + 0.02)
        await other.wait()
        other.alarm.close()
        assert harness.fired_s == []

    with_bell(make, use)


@every_kind
def test_the_same_time_can_be_set_again_after_the_alarm_rang(make: MakeAlarm) -> None:
    async def use(harness: Harness) -> None:
        moment_s = time.monotonic()
        for _ in range(2):
            harness.set(moment_s)
            await harness.wait()
        assert len(harness.fired_s) == 2

    with_bell(make, use)


@every_kind
def test_a_closed_alarm_does_not_ring(make: MakeAlarm) -> None:
    async def use(harness: Harness) -> None:
        other = Harness(make)
        other.alarm.close()
        other.set(time.monotonic())
        harness.set(time.monotonic() + 0.005)
        await harness.wait()
        other.alarm.close()
        assert other.fired_s == []

    with_bell(make, use)


@pytest.mark.skipif(sys.platform != "linux", reason="timerfd is Linux's")
def test_linux_gets_the_alarm_of_the_kernel() -> None:
    async def main() -> None:
        alarm = make_alarm(lambda: None)
        alarm.close()
        assert isinstance(alarm, KernelAlarm)

    asyncio.run(main())
