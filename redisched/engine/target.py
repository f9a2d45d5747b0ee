"""What MODULE:APP names: a module, and a Scheduler or a function that makes one in it."""

from redisched.errors import AppNotFound

_SHAPE = "write it as MODULE:APP, such as shop.tasks:app"


def split_target(target: str) -> tuple[str, str]:
    """The module and the path within it. Raises AppNotFound."""
    if "://" in target:  # which may hold a password
        raise AppNotFound("...", f"{_SHAPE}; a URL goes to --url")
    module, _, path = target.partition(":")
    if not (module and path):
        raise AppNotFound(target, _SHAPE)
    return module, path
