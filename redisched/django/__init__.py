"""redisched in Django: the Scheduler of the project, which `settings.REDISCHED` describes, as `app`.

Name "redisched.django" in INSTALLED_APPS, and register handlers in the `tasks.py` of any app of the project.
"""

from redisched.django.application import app as app

__all__ = ["app"]
