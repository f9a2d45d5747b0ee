"""Every function of a profile belongs to a step."""

import pytest

from docs.performance.steps import ELSEWHERE, PHASES, shares, step_of
from redisched.bench.catalogue import rows
from redisched.bench.profiles import Function
from redisched.bench.scale import Scale


def function(name: str, own_s: float) -> Function:
    return Function(name=name, calls=1, own_s=own_s, total_s=own_s)


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("redisched/codec.py:33 encode_task", "packing and unpacking"),
        ("redisched/engine/claiming/claimer.py:73 Claimer._take_in", "claiming: claimer, window, clock"),
        ("redisched/engine/window.py:41 Window.pop", "claiming: claimer, window, clock"),
        ("<method 'recv_into' of '_socket.socket' objects>", "sockets, and waiting for Redis"),
        ("redis/connection.py:1393 AbstractConnection.read_response", "the client of Redis"),
        ("asyncio/events.py:78 Handle._run", "the event loop"),
        ("<built-in method builtins.len>", ELSEWHERE),
    ],
)
def test_a_function_belongs_to_the_step_of_its_file(name: str, step: str) -> None:
    assert step_of(name) == step


def test_redisched_is_not_taken_for_the_redis_client() -> None:
    assert step_of("redisched/store/store.py:39 Store.enqueue") == "calls and replies of the store"


def test_shares_add_up_to_one_and_the_largest_is_first() -> None:
    found = shares([function("redisched/codec.py:1 a", 1.0), function("asyncio/b.py:2 b", 2.0), function("<c>", 1.0)])

    assert found == {"the event loop": 0.5, "packing and unpacking": 0.25, ELSEWHERE: 0.25}
    assert next(iter(found)) == "the event loop"


def test_an_empty_profile_has_no_shares() -> None:
    assert shares([]) == {}


def test_the_figure_that_the_shares_refer_to_is_measured_by_the_bench() -> None:
    assert set(PHASES.values()) <= {row.path for row in rows(Scale())}
