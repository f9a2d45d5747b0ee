"""How much work a number of tasks makes."""

from dataclasses import fields

import pytest

from redisched.bench.scale import DEFAULT_TASKS, Scale, scale_of


def test_the_default_number_of_tasks_gives_the_default_scale() -> None:
    assert scale_of(DEFAULT_TASKS) == Scale()


def test_fewer_tasks_make_all_work_smaller_and_more_tasks_no_larger_backlog() -> None:
    small, full, large = scale_of(50), Scale(), scale_of(10 * DEFAULT_TASKS)

    for field in fields(Scale):
        if field.name in ("shards", "nodes"):  # they set how the work is spread, not how much there is
            continue
        assert 0 < getattr(small, field.name) < getattr(full, field.name), field.name
    assert large.tasks == 10 * full.tasks
    assert large.large_backlog == full.large_backlog


@pytest.mark.parametrize(("tasks", "is_full"), [(DEFAULT_TASKS - 1, False), (DEFAULT_TASKS, True), (10**6, True)])
def test_a_small_scale_is_recognized(tasks: int, is_full: bool) -> None:
    assert scale_of(tasks).is_full is is_full


@pytest.mark.parametrize("tasks", [1, 2, 3, 7])
def test_the_large_backlog_stays_larger_than_the_small_one(tasks: int) -> None:
    scale = scale_of(tasks)

    assert scale.large_backlog > scale.small_backlog
