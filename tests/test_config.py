"""Settings are checked once, errors are sentences, and settings do not change."""

from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from redisched.config import Settings, WorkerSettings, may_embed, url_from
from redisched.errors import InvalidOption


def test_the_defaults_are_valid() -> None:
    assert WorkerSettings().heartbeat_s == 1.0
    assert WorkerSettings().release_after_ms == 100.0
    assert Settings().url is None


def test_without_a_window_tasks_are_not_released_at_once() -> None:
    assert WorkerSettings(window_ms=0).release_after_ms > 0


def test_a_short_lease_has_a_heartbeat_of_a_third() -> None:
    assert WorkerSettings(lease_s=0.6).heartbeat_s == pytest.approx(0.2)


NAN = float("nan")
BAD_FOR_A_WORKER: list[tuple[str, Any]] = [
    *(("concurrency", value) for value in (0, -1, 1.5, True, "4", NAN)),
    *(("processes", value) for value in (0, -1, 2.5, False, "2")),
    *(("crash_limit", value) for value in (0, -1, "3", 1.5)),
    *(("unroutable_limit", value) for value in (0, -1, 1.5)),
    *(("lease_s", value) for value in (0, 0.4, 86_401, NAN, -1, "30", None, True)),
    *(("window_ms", value) for value in (-1, 3_001, NAN, "20", None)),
    *(("grace_s", value) for value in (-1, NAN, "25", None)),
    *(("stuck_after_s", value) for value in (0, -1, NAN, "30", None)),
    *(("app_version", value) for value in ("", 7, "a\nb", "x" * 101)),
    *(("max_tasks_per_child", value) for value in (0, -1, 1.5, "9")),
    *(("max_rss_bytes", value) for value in (0, -1, 0.5, "512", "12XB")),
    ("until", "empty"),
    ("eviction", True),
    *(("queues", value) for value in ("mail", (5,), ["mail"], None)),
]


@pytest.mark.parametrize(("option", "value"), BAD_FOR_A_WORKER, ids=repr)
def test_an_invalid_setting_of_a_worker_is_refused_with_its_name(option: str, value: Any) -> None:
    with pytest.raises(InvalidOption) as caught:
        WorkerSettings(**{option: value})
    assert caught.value.argument == option


BAD_FOR_ALL: list[tuple[str, Any]] = [
    *(("timeout_s", value) for value in (0, -1, NAN, "5", None, True)),
    *(("payload_limit", value) for value in (0, -1, "1k", None)),
    *(("retention_s", value) for value in (-1, NAN, "600", None)),
    *(("dead_retention_s", value) for value in (0, -1, NAN, "1")),
]


@pytest.mark.parametrize(("option", "value"), BAD_FOR_ALL, ids=repr)
def test_an_invalid_setting_is_refused_with_its_name(option: str, value: Any) -> None:
    with pytest.raises(InvalidOption) as caught:
        Settings(**{option: value})
    assert caught.value.argument == option


@pytest.mark.parametrize(("settings", "option"), [(Settings(), "timeout_s"), (WorkerSettings(), "lease_s")])
def test_settings_cannot_be_changed(settings: Any, option: str) -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(settings, option, 1.0)


def test_the_url_comes_from_the_environment_if_it_names_one() -> None:
    assert url_from({"REDISCHED_URL": "redis://host"}) == "redis://host"
    assert url_from({}) is None


@pytest.mark.parametrize("url", ["", " ", "localhost:6379", "redis://h?socket_timeout=1"])
def test_an_invalid_url_in_the_environment_is_refused(url: str) -> None:
    with pytest.raises(InvalidOption, match=r"^REDISCHED_URL="):
        url_from({"REDISCHED_URL": url})


@pytest.mark.parametrize(
    ("word", "may"),
    [("", True), (" ", True), *((one, True) for one in ("1", "TRUE", "t", "yes", "y", " on "))]
    + [(one, False) for one in ("0", "false", "F", "no", "n", "off", " Off ")],
)
def test_a_word_says_whether_a_server_may_be_started(word: str, may: bool) -> None:
    assert may_embed({"REDISCHED_EMBEDDED": word}) is may
    assert may_embed({})


@pytest.mark.parametrize("word", ["maybe", "2", "00", "-1", "none", "yes!"])
def test_another_word_is_refused(word: str) -> None:
    with pytest.raises(InvalidOption, match=r"REDISCHED_EMBEDDED=.*: 1, true, yes or on; 0, false, no or off"):
        may_embed({"REDISCHED_EMBEDDED": word})
