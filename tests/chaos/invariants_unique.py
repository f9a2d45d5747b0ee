"""What must be true of the unique keys of a shard at any time (I18)."""

import re

from tests.lua.situation import Situation

_TRAIT = re.compile(r"(?:^| )unique=([0-9a-f]+) (\w+) ")


def check_unique(situation: Situation) -> None:
    """Check that each unique key is held by one task that is there, that each task which should hold its key does or
    waits for it, and that each key which is held until a moment will be forgotten.
    """
    holders, successors = situation.get("unique", {}), situation.get("successors", {})
    lapsing, alive = set(situation.get("lapsing", ())), {*situation.get("waiting", ()), *situation.get("held", ())}
    asked = {id: found for id, text in situation.get("traits", {}).items() if (found := _TRAIT.search(text))}
    waiting_for = {key: text.partition(" ")[2] for key, text in successors.items()}

    assert lapsing <= set(holders), "a key is forgotten that nobody holds"
    for key, id in holders.items():
        if key not in lapsing:
            assert id in alive, f"I18: key {key} is held by {id}, which has ended"
            assert id in asked, f"I18: key {key} is held by {id}, which does not ask for it"
            assert asked[id][1] == key, f"I18: key {key} is held by {id}, which asks for another"
    for key, id in waiting_for.items():
        assert key in holders, f"I18: {id} waits for key {key}, which nobody holds"
        assert id in alive, f"I18: {id} waits for key {key} and has ended"
    for id in asked.keys() & alive:
        key, scope = asked[id].groups()
        if not scope.isdigit():
            assert id in (holders.get(key), waiting_for.get(key)), f"I18: {id} has not its key {key}"
