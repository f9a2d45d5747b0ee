"""The name by which a fault refers to a command: the name of the script that it calls, or the command's own name."""

from collections.abc import Callable
from hashlib import sha1

from redisched.store.scripts import Script, load_script, script_names

_BY_DIGEST = frozenset({"EVALSHA", "EVALSHA_RO"})
_BY_SOURCE = frozenset({"EVAL", "EVAL_RO"})

OPENING = frozenset({"AUTH", "CLIENT", "HELLO", "SELECT"})
"""The commands that set up a connection. Their number depends on how often clients connect, which tests do not know."""


class CommandNames:
    """Finds the script that a command calls, by its SHA-1 digest. `load` returns a script, by default the library's."""

    def __init__(self, load: Callable[[str], Script] = load_script) -> None:
        scripts = [load(name) for name in script_names()]
        self._by_digest = {script.plain_sha: script.name for script in scripts}
        self._by_digest |= {script.flagged_sha: script.name for script in scripts}

    def name_of(self, words: tuple[bytes, ...]) -> str:
        """The name of a command, whose first two words are given."""
        name = words[0].decode(errors="backslashreplace").upper() if words else ""
        if name in _BY_DIGEST and len(words) > 1:
            return self._by_digest.get(words[1].decode(errors="backslashreplace").lower(), name)
        if name in _BY_SOURCE and len(words) > 1:
            return self._by_digest.get(sha1(words[1], usedforsecurity=False).hexdigest(), name)
        return name
