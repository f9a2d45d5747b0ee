"""The settings of the example project, with all that redisched needs."""

from pathlib import Path

BASE_DIR = Path(__file__).parents[1]
DEBUG = True
SECRET_KEY = "only for this example"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "shop.urls"
INSTALLED_APPS = ["shop", "redisched.django"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "shop.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True

REDISCHED = {"ENQUEUE_AFTER_COMMIT": True}
TASKS = {"default": {"BACKEND": "redisched.django.backend.RedischedBackend", "OPTIONS": {"max_attempts": 3}}}
