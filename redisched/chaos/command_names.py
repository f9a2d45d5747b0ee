"""The name by which a command is known to whoever sets faults: of the script it calls, else its own."""

from collections.abc import Callable
from hashlib import sha1

from redisched.store.scripts import Script, load_script, script_names

_BY_DIGEST = frozenset({"EVALSHA", "EVALSHA_RO"})
_BY_SOURCE = frozenset({"EVAL", "EVAL_RO"})

OPENING = frozenset({"AUTH", "CLIENT", "HELLO", "SELECT"})
"""The commands with which a connection begins: how many there are depends on how often somebody connects."""


class CommandNames:
    """Knows redisched's scripts by their digests. `load` gives them, should they not be those of the library."""

    def __init__(self, load: Callable[[str], Script] = load_script) -> None:
        scripts = [load(name) for name in script_names()]
        self._by_digest = {script.plain_sha: script.name for script in scripts}
        self._by_digest |= {script.flagged_sha: script.name for script in scripts}

    def name_of(self, words: tuple[bytes, ...]) -> str:
        """The name of a command, given its first two words."""
        name = words[0].decode(errors="backslashreplace").upper() if words else ""
        if name in _BY_DIGEST and len(words) > 1:
            return self._by_digest.get(words[1].decode(errors="backslashreplace").lower(), name)
        if name in _BY_SOURCE and len(words) > 1:
            return self._by_digest.get(sha1(words[1], usedforsecurity=False).hexdigest(), name)
        return name
