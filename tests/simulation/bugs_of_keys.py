"""Bugs planted in unique keys, each only during its own test, and the promises that it must be caught by."""

from tests.chaos.unique_machine import UNIQUE_MUTANTS
from tests.simulation.bug import Bug, in_script

BUGS_OF_KEYS: dict[str, Bug] = {
    # A key that is left behind is found by a scrubber, or when the next task asks for it.
    name: in_script(UNIQUE_MUTANTS[name], "I18", "I11")
    for name in (
        "a key is not taken",
        "a key is held beyond the start",
        "what was given back asks for its key again",
        "a key is left behind at the end",
        "a key is left behind by the dead",
        "a key is left behind by the cancelled",
    )
}
