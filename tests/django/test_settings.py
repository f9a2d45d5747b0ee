"""`settings.REDISCHED` is checked at the start, in a sentence that names the key."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from redisched.django.settings import read_settings


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (5, "REDISCHED must be a dictionary, got int"),
        ({"URI": "redis://host"}, r"REDISCHED\['URI'\]: no such setting; there are .*, TIMEOUT_S, URL$"),
        ({"url": "redis://host"}, r"REDISCHED\['url'\]: no such setting"),
        ({"ENQUEUE_AFTER_COMMIT": 1}, r"REDISCHED\['ENQUEUE_AFTER_COMMIT'\] must be True or False, got 1"),
        ({"IMPORTS": "shop.more"}, "a list of modules by their full names"),
        ({"IMPORTS": 5}, "must be a list of modules, got 5"),
        ({"TIMEOUT_S": -1}, "timeout_s"),
        ({"URL": "http://host"}, "url"),
    ],
)
def test_a_wrong_setting_is_named(given: Any, sentence: str) -> None:
    with override_settings(REDISCHED=given), pytest.raises(ImproperlyConfigured, match=sentence):
        read_settings()


def test_the_password_of_a_url_is_not_shown() -> None:
    with (
        override_settings(REDISCHED={"URL": "redis://:hunter2@host:port/0"}),
        pytest.raises(ImproperlyConfigured) as refused,
    ):
        read_settings()
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_what_is_not_said_is_as_everywhere() -> None:
    with override_settings(REDISCHED={}):
        project = read_settings()
    assert (project.settings.url, project.settings.timeout_s) == (None, 5.0)
    assert not project.enqueues_after_commit


def test_each_setting_reaches_the_scheduler() -> None:
    given = {"URL": "redis://host:1/0", "RETENTION_S": 60, "IMPORTS": ["a.b"], "ENQUEUE_AFTER_COMMIT": True}
    with override_settings(REDISCHED=given):
        project = read_settings()
    assert (project.settings.url, project.settings.retention_s) == ("redis://host:1/0", 60)
    assert (project.imports, project.enqueues_after_commit) == (("a.b",), True)
