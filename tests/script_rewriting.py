"""Changes scripts before they are sent to the server, for tests that need another clock or a planted bug."""

from collections.abc import Callable
from functools import cache
from hashlib import sha1
from typing import TypeAlias

import pytest

from redisched.store.scripts import Script, load_script

Rewrite: TypeAlias = Callable[[str, str], str]
"""Takes the name of a script and its source; answers the source to run instead."""


def rewrite_scripts(monkeypatch: pytest.MonkeyPatch, *rewrites: Rewrite) -> Callable[[str], Script]:
    """Run every script with these rewrites until the test ends. Answers the function that now loads scripts."""

    @cache
    def load_rewritten(name: str) -> Script:
        script = load_script(name)
        flagged, plain = script.flagged, script.plain
        for rewrite in rewrites:
            flagged, plain = rewrite(name, flagged), rewrite(name, plain)
        return Script(name, flagged, plain, _sha(flagged), _sha(plain))

    monkeypatch.setattr("redisched.store.operation.load_script", load_rewritten)
    return load_rewritten


def _sha(source: str) -> str:
    return sha1(source.encode(), usedforsecurity=False).hexdigest()
