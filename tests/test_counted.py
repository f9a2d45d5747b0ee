"""Sentences count in good English."""

import pytest

from redisched.counted import counted


@pytest.mark.parametrize(("count", "said"), [(0, "0 tasks"), (1, "1 task"), (2, "2 tasks")])
def test_one_is_not_counted_as_many(count: int, said: str) -> None:
    assert counted(count, "task") == said


def test_a_plural_may_be_another_word() -> None:
    assert [counted(count, "process", "processes") for count in (1, 2)] == ["1 process", "2 processes"]
