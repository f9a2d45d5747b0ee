"""Sets Django up for the tests in this folder, with the app `shop`, before they import what needs its settings."""

import tempfile
from pathlib import Path

import django
from django.conf import settings

DATABASE = Path(tempfile.mkdtemp(prefix="redisched-django-")) / "shop.sqlite3"
BACKEND = "redisched.django.backend.RedischedBackend"

settings.configure(
    DEBUG=True,
    SECRET_KEY="of tests alone",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "tests.django.shop",
        "redisched.django",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DATABASE}},
    USE_TZ=True,
    TIME_ZONE="UTC",
    REDISCHED={"ENQUEUE_AFTER_COMMIT": True, "PREFIX": "shop", "IMPORTS": ["tests.django.shop.more_handlers"]},
    TASKS={
        "default": {"BACKEND": BACKEND, "QUEUES": ["default", "reports"]},
        "stubborn": {"BACKEND": BACKEND, "QUEUES": [], "OPTIONS": {"max_attempts": 3}},
    },
)
django.setup()
