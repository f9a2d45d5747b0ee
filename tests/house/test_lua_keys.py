"""No script makes up a key: it uses only given ones. tests/store/test_script_keys.py checks the hash tag of these.

A single server lets a script use any key. A cluster refuses keys outside of the slot of the given ones,
and cannot route a script by a key that it was not given.
"""

import re
from collections.abc import Iterator

import pytest

from tests.house.checkout import SCRIPTS
from tests.house.lua_script import LuaScript, Token, calls_in, read_scripts

SERVER_CALLS = frozenset({"redis.call", "redis.pcall", "call_in_chunks"})
WITHOUT_KEY = frozenset({"TIME"})
ALL = list(read_scripts(SCRIPTS))


def made_up_keys(script: LuaScript) -> Iterator[str]:
    """The keys that a script may use without being given them, as sentences."""
    tokens = script.expanded_tokens
    for text in sorted({token.text for token in tokens if token.kind == "string"}):
        if ":" in text:
            yield f"a key can be spelled with {text!r}"
    for call in calls_in(tokens):
        if call.function in SERVER_CALLS and call.arguments and call.arguments[0].text not in WITHOUT_KEY:
            key = list(_second(call.arguments))
            if _makes_text(key):
                yield f"a key is put together: {' '.join(token.text for token in key)}"
            elif key and (made := _definition_that_makes_text(script.expanded, key[0].text)):
                yield f"a key is put together: {made}"


def _second(arguments: tuple[Token, ...]) -> Iterator[Token]:
    """The words of the second argument."""
    depth, commas = 0, 0
    for token in arguments:
        if token.kind == "symbol":
            depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(token.text, 0)
            if token.text == "," and depth == 0:
                commas += 1
                continue
        if commas == 1:
            yield token


def _makes_text(tokens: list[Token]) -> bool:
    return any(token.kind == "string" or token.text in ("..", "ARGV") for token in tokens)


def _definition_that_makes_text(source: str, name: str) -> str:
    """The assignment that builds the text of a name, or nothing."""
    assignment = re.compile(rf"^\s*(?:local )?(?:\w+, )*{name}(?:, \w+)* = (?:.*\.\..*|['\"].*)$", re.MULTILINE)
    found = assignment.search(source)
    return found[0].strip() if found else ""


@pytest.mark.parametrize("script", ALL, ids=[script.name for script in ALL])
def test_a_script_uses_only_the_keys_that_it_was_given(script: LuaScript) -> None:
    assert list(made_up_keys(script)) == []


@pytest.mark.parametrize(
    "body",
    [
        "redis.call('GET', 'redisched:{mail}:fence')",
        "redis.call('HGET', KEYS[1] .. 'x', ARGV[1])",
        "redis.pcall('GET', ARGV[1])",
        "local key = KEYS[1] .. ARGV[1]\nredis.call('DEL', key)",
        "local key = 'fence'\ncall_in_chunks('ZREM', key, ids)",
        "local other, key = KEYS[1], prefix .. 'fence'\nredis.call('DEL', key)",
    ],
)
def test_a_key_that_a_script_makes_up_is_found(body: str) -> None:
    assert list(made_up_keys(LuaScript(name="some", source=body, library={})))


def test_a_given_key_is_accepted() -> None:
    body = "local key = KEYS[first + 2]\nredis.call('HGET', key, 'a' .. ARGV[1])\nredis.call('TIME')"

    assert list(made_up_keys(LuaScript(name="some", source=body, library={}))) == []
