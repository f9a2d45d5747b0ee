"""A bug that is planted in a script."""

from dataclasses import dataclass

from redisched.store.scripts import load_script, name_keys


@dataclass(frozen=True, slots=True)
class Mutant:
    """A script in which one passage is replaced by another."""

    script: str
    passage: str
    instead: str

    def rewrite(self, name: str, source: str) -> str:
        if name != self.script:
            return source
        keys = load_script(name).keys
        return source.replace(name_keys(self.passage, keys), name_keys(self.instead, keys))

    def count_in_script(self) -> int:
        """How often the passage is in the script. A bug is planted only if it is there once."""
        script = load_script(self.script)
        return script.plain.count(name_keys(self.passage, script.keys))
