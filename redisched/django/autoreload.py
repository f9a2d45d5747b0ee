"""Finds the folders with the code of a Django project."""

from pathlib import Path

from django.apps import apps
from django.conf import settings

_INSTALLED = {"site-packages", "dist-packages"}


def folders_of_project() -> list[Path]:
    """Where `manage.py` is, or what BASE_DIR says, and every app that is not an installed package."""
    base = Path(getattr(settings, "BASE_DIR", Path.cwd())).resolve()
    own = (Path(config.path).resolve() for config in apps.get_app_configs() if config.name != "redisched.django")
    more = (path for path in own if not path.is_relative_to(base) and not _INSTALLED & set(path.parts))
    return list(dict.fromkeys([base, *more]))
