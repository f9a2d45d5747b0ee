"""What Django has to know of `redisched.django` in INSTALLED_APPS."""

from django.apps import AppConfig


class RedischedConfig(AppConfig):
    """Brings the command `manage.py redisched`."""

    name = "redisched.django"
    label = "redisched"
    verbose_name = "redisched"
