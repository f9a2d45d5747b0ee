"""Makes the Scheduler of a Django project, and loads it in a worker process."""

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import django
from django.db import transaction
from django.utils.module_loading import autodiscover_modules

from redisched.client.around_enqueue import EnqueueContext
from redisched.client.scheduler import Scheduler
from redisched.django.connections import closing_connections
from redisched.django.settings import read_settings

HANDLERS = "tasks"
"""The module of each app in which handlers are looked for."""


def _make() -> Scheduler:
    project = read_settings()
    settings = project.settings
    if settings.application is None:
        # The module that makes the Scheduler is the same in every project.
        settings = replace(settings, application=os.environ.get("DJANGO_SETTINGS_MODULE") or "django")
    made = Scheduler(settings=settings, imports=project.imports)
    made.registry.middleware.wrappers.append(closing_connections)
    if project.enqueues_after_commit:
        made.enqueue_middleware(_after_commit)
    return made


def _after_commit(ctx: EnqueueContext, call_next: Callable[[], Any]) -> Any:
    # An async call is never within a transaction: those are of a thread.
    if not ctx.is_async and transaction.get_connection().in_atomic_block:
        return ctx.postpone(transaction.on_commit, call_next)
    return call_next()


app = _make()


def load() -> Scheduler:
    """The Scheduler with the handlers of every `tasks.py` of the project registered. Sets Django up if it is not."""
    django.setup()
    autodiscover_modules(HANDLERS)
    return app
