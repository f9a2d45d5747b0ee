"""Middleware around an isolated handler runs in the process of the handler."""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from redisched.codec import DIGEST_BYTES, decode_outcome
from redisched.engine.completion import Completion
from redisched.store.values import Ack, FailedAttempt
from tests.engine.executor_bench import Bench, on_bench
from tests.engine.isolation import middleware_app


def completion_of(name: str, *args: Any, timeout_ms: int | None = None) -> Completion:
    completions = []

    async def use(bench: Bench) -> None:
        bench.give(name, *args, timeout_ms=timeout_ms)
        completions.append(await bench.completion())

    begin: Callable[[Bench], Coroutine[Any, Any, None]] = use
    on_bench(middleware_app.app, begin, target=middleware_app.TARGET)
    return completions[0]


@pytest.mark.parametrize("name", ["shares", "shares_async"])
def test_it_knows_the_task_shares_values_with_the_handler_and_replaces_the_result(name: str) -> None:
    settlement = completion_of(name, 5).settlement

    assert isinstance(settlement, Ack)
    result = decode_outcome(settlement.outcome[DIGEST_BYTES:]).result
    assert result == [name, {"_number": 5}, {}, True]


def test_a_sync_handler_within_async_middleware_is_interrupted_by_its_timeout(tmp_path: Path) -> None:
    path = tmp_path / "raised"

    settlement = completion_of("endless", str(path), timeout_ms=1_000).settlement

    assert isinstance(settlement, FailedAttempt)
    assert path.read_text() == "HandlerTimedOut"
