"""Runs the scripts in the Lua that servers run, each compiled once.

fakeredis compiles a script again for every call and collects garbage after it; here a call costs little more than
what the script does.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

from lupa.lua51 import LuaError, LuaRuntime

Command: TypeAlias = Callable[..., Any]

_runtime = LuaRuntime(encoding=None, unpack_returned_tuples=True)

_compile: Callable[[bytes], Any] = _runtime.eval(b"""
function(source)
  local chunk = assert(loadstring(source, '=script'))
  local environment = {
    string = string, table = table, math = math, tonumber = tonumber, tostring = tostring, type = type,
    select = select, unpack = unpack, pairs = pairs, ipairs = ipairs, error = error, assert = assert,
    KEYS = {}, ARGV = {}, redis = {},
  }
  local function undeclared(_, name) error('the script uses a global ' .. tostring(name)) end
  setfenv(chunk, setmetatable(environment, {__index = undeclared, __newindex = undeclared}))
  return function(redis, keys, ...)
    local given = {...}
    environment.redis = redis
    environment.KEYS = {unpack(given, 1, keys)}
    environment.ARGV = {unpack(given, keys + 1)}
    local reply = chunk()
    if type(reply) ~= 'table' then
      return 0, reply
    end
    return #reply, unpack(reply)
  end
end
""")

_make_redis: Callable[[Any, Any], Any] = _runtime.eval(b"""
function(single, many)
  local function call(name, ...)
    local command = many[name]
    if command then
      return {command(...)}
    end
    return single[name](...)
  end
  return {call = call, pcall = call}
end
""")


class ScriptFailed(Exception):
    """Raised when a script ends with an error of Lua's."""


def redis_table(single: dict[bytes, Command], many: dict[bytes, Command]) -> Any:
    """The `redis` of scripts: commands that answer one value, and those that answer a tuple of them."""
    return _make_redis(_runtime.table_from(single), _runtime.table_from(many))


def lua_array(values: list[bytes]) -> Any:
    """A table of values, for an array within a reply."""
    return _runtime.table_from(values)


def collect_garbage() -> None:
    """Free what earlier servers left in Lua, and with it their worlds: Lua does not know their size."""
    _runtime.execute(b"collectgarbage()")


def run_script(source: bytes, redis: Any, keys: int, arguments: list[bytes]) -> list[Any]:
    """The reply of a script, which is a flat array for all scripts of redisched. Raises ScriptFailed."""
    try:
        returned = _compiled(source)(redis, keys, *arguments)
    except LuaError as error:
        raise ScriptFailed(str(error)) from error
    count, *reply = returned if isinstance(returned, tuple) else (returned,)
    assert count == len(reply), "a script did not answer a flat array"
    return reply


@cache
def _compiled(source: bytes) -> Any:
    return _compile(b"--" + source if source.startswith(b"#!") else source)
