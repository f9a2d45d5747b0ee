"""Reads `settings.REDISCHED` of a Django project."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from django.conf import settings as project
from django.core.exceptions import ImproperlyConfigured

from redisched.config import Settings, check_modules
from redisched.errors import InvalidInput

IMPORTS, AFTER_COMMIT = "IMPORTS", "ENQUEUE_AFTER_COMMIT"
_OWN = {field.name.upper(): field.name for field in fields(Settings)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSettings:
    """The settings of a project. `imports` are modules with handlers besides every `tasks.py`;
    `enqueues_after_commit` tells that within a transaction tasks are enqueued once it has committed.
    """

    settings: Settings
    imports: tuple[str, ...] = ()
    enqueues_after_commit: bool = False


def read_settings() -> ProjectSettings:
    """What the project says. Raises ImproperlyConfigured, which names the key and what is allowed."""
    given = getattr(project, "REDISCHED", {})
    if not isinstance(given, Mapping):
        raise ImproperlyConfigured(f"REDISCHED must be a dictionary, got {type(given).__name__}")
    unknown = [key for key in given if key not in _OWN and key not in (IMPORTS, AFTER_COMMIT)]
    if unknown:
        known = ", ".join(sorted([*_OWN, IMPORTS, AFTER_COMMIT]))
        raise ImproperlyConfigured(f"REDISCHED[{unknown[0]!r}]: no such setting; there are {known}")
    after_commit = given.get(AFTER_COMMIT, False)
    if not isinstance(after_commit, bool):
        raise ImproperlyConfigured(f"REDISCHED[{AFTER_COMMIT!r}] must be True or False, got {after_commit!r}")
    return ProjectSettings(
        settings=_settings({_OWN[key]: value for key, value in given.items() if key in _OWN}),
        imports=_modules(given.get(IMPORTS, ())),
        enqueues_after_commit=after_commit,
    )


def _settings(values: dict[str, Any]) -> Settings:
    try:
        return Settings(**values)
    except InvalidInput as error:
        # The value is not repeated: it may be a URL with a password, which the error has removed.
        raise ImproperlyConfigured(f"REDISCHED: {error}") from None


def _modules(given: object) -> tuple[str, ...]:
    if not isinstance(given, Sequence):
        raise ImproperlyConfigured(f"REDISCHED[{IMPORTS!r}] must be a list of modules, got {given!r}")
    try:
        return tuple(check_modules(IMPORTS, given))
    except InvalidInput as error:
        raise ImproperlyConfigured(f"REDISCHED: {error}") from None
