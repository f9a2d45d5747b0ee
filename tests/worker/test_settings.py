"""The environment of a deployed worker: what it says, and what it may not say."""

import logging
import os
from pathlib import Path

import pytest

from redisched.config import Eviction
from redisched.errors import InvalidOption
from worker.health import LONGEST_AGE_S, describe
from worker.settings import deployment_from

REDIS = {"REDISCHED_URL": "redis://valkey:6379/0"}


def test_everything_can_be_said() -> None:
    deployment = deployment_from(
        {
            **REDIS,
            "REDISCHED_QUEUES": "mail, payments",
            "REDISCHED_CONCURRENCY": "4",
            "REDISCHED_PROCESSES": "2",
            "REDISCHED_LEASE_SECONDS": "5",
            "REDISCHED_GRACE_SECONDS": "1.5",
            "REDISCHED_STUCK_AFTER_SECONDS": "20",
            "REDISCHED_MAX_TASKS_PER_CHILD": "100",
            "REDISCHED_MAX_MEMORY_PER_CHILD_MB": "512",
            "REDISCHED_WINDOW_MS": "0",
            "REDISCHED_EVICTION": "allow",
            "REDISCHED_LOG_LEVEL": "warning",
            "REDISCHED_HEALTH_FILE": "/run/health",
        }
    )
    settings = deployment.settings
    assert settings.queues == ("mail", "payments")
    assert (settings.concurrency, settings.processes) == (4, 2)
    assert (settings.lease_s, settings.grace_s, settings.window_ms) == (5.0, 1.5, 0.0)
    assert (settings.stuck_after_s, settings.max_tasks_per_child, settings.max_memory_per_child_mb) == (20.0, 100, 512)
    assert settings.eviction is Eviction.ALLOW
    assert (deployment.log_level, deployment.health_file) == (logging.WARNING, Path("/run/health"))


def test_a_url_alone_is_enough() -> None:
    assert deployment_from(REDIS).settings.processes == 1


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("REDISCHED_URL", ""),
        ("REDISCHED_QUEUES", "mail,{x}"),
        ("REDISCHED_CONCURRENCY", "0"),
        ("REDISCHED_CONCURRENCY", "two"),
        ("REDISCHED_PROCESSES", "-1"),
        ("REDISCHED_LEASE_SECONDS", "long"),
        ("REDISCHED_EVICTION", "perhaps"),
        ("REDISCHED_LOG_LEVEL", "LOUD"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_name(variable: str, text: str) -> None:
    with pytest.raises(InvalidOption) as caught:
        deployment_from({**REDIS, variable: text})
    assert caught.value.argument == variable


@pytest.mark.parametrize("text", ["nan", "-1", "0.1"])
def test_a_lease_out_of_bounds_is_refused(text: str) -> None:
    with pytest.raises(InvalidOption, match="lease_s"):
        deployment_from({**REDIS, "REDISCHED_LEASE_SECONDS": text})


def test_health_is_the_age_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "health"
    assert describe(file, 0.0)[0] is False
    file.touch()
    os.utime(file, (1_000.0, 1_000.0))
    assert describe(file, 1_000.0 + LONGEST_AGE_S)[0] is True
    assert describe(file, 1_001.0 + LONGEST_AGE_S)[0] is False
