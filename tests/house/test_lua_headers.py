"""Every Lua file of the project keeps the contract."""

import pytest

from tests.house.checkout import SCRIPTS
from tests.house.lua_contract import violations
from tests.house.lua_script import LuaScript, read_scripts

ALL = list(read_scripts(SCRIPTS))


@pytest.mark.parametrize("script", ALL, ids=lambda script: script.name)
def test_every_header_matches_its_body(script: LuaScript) -> None:
    assert violations(script) == []


def test_every_edge_of_the_state_machine_is_checked() -> None:
    edges = {
        "ack",
        "bury",
        "cancel",
        "claim",
        "discard",
        "enqueue",
        "expire",
        "reap",
        "recover",
        "release",
        "renew",
        "retry",
        "snooze",
        "start",
    }

    assert edges <= {script.name for script in ALL}


def test_every_include_is_used_and_has_a_description() -> None:
    included = {name for script in ALL for name in script.included}
    library = {path.stem: path.read_text() for path in (SCRIPTS / "lib").glob("*.lua")}

    assert library.keys() == included
    assert [name for name, source in library.items() if not source.startswith("-- ")] == []
