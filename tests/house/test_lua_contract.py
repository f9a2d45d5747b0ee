"""Each rule of the contract rejects only scripts that break it."""

import pytest

from tests.house.lua_contract import violations
from tests.house.lua_script import LuaScript

LIBRARY = {
    "time": "local function server_us()\n  return redis.call('TIME')[1]\nend\n",
    "holder": "local function holds(holder, token)\n  return holder == token\nend\n",
    "chunks": (
        "local function call_in_chunks(command, key, items)\n"
        "  for first = 1, #items, 1000 do\n"
        "    redis.call(command, key, unpack(items, first, math.min(first + 999, #items)))\n"
        "  end\n"
        "end\n"
    ),
    "leave": (
        "-- KEYS leases\n-- include: chunks\nlocal function leave(ids)\n  call_in_chunks('ZREM', LEASES, ids)\nend\n"
    ),
    "greedy": "local function greedy()\n  return KEYS[1]\nend\n",
    "needy": "local function needy()\n  return holds('a', 'b')\nend\n",
    "rash": "local function rash(list)\n  return unpack(list)\nend\n",
}

ACK = """\
#!lua flags=allow-oom
-- LEASED -> SUCCEEDED|DEAD  Ends tasks.
--
-- The prose may say that keys are declared.
--
-- KEYS held
-- ARG retention_ms  int  how long
-- ROW id     text  task
-- ROW token  int   fence
-- Returns {'ACKED'} per task
-- Returns {'LOST'} per task
-- Cost O(tasks)
-- include: time
-- include: holder
-- include: leave

local forget_at = server_us() + retention_ms
local statuses, acked = {}, {}
for row, id, token in rows() do
  if holds(redis.call('HGET', HELD, id), token) then
    acked[#acked + 1] = id
    statuses[row] = 'ACKED'
  else
    statuses[row] = 'LOST'
  end
end
leave(acked)
return statuses -- 'COMMENTED'
"""

PENDING = """\
#!lua flags=no-writes
-- READ  Counts the tasks that wait.
--
-- KEYS waiting
-- Returns {count}
-- Cost O(1)

return {redis.call('ZCARD', WAITING)}
"""

END = "return statuses -- 'COMMENTED'\n"


def check(source: str, name: str = "ack") -> list[str]:
    return violations(LuaScript(name=name, source=source, library=LIBRARY))


def broken(old: str, new: str, source: str = ACK) -> str:
    assert source.count(old) == 1, f"{old!r} must be in the script exactly once"
    return source.replace(old, new)


def before_the_end(line: str) -> str:
    return broken(END, f"{line}\n{END}")


def test_scripts_that_keep_the_contract_are_accepted() -> None:
    assert check(ACK) == []
    assert check(PENDING, "read/pending") == []


def test_a_script_that_is_not_lua_is_rejected() -> None:
    (sentence,) = check(before_the_end("local x = = 1"))

    assert sentence.startswith("does not compile: ")
    assert sentence.endswith("unexpected symbol near '='")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "LEASED -> SUCCEEDED|DEAD  Ends tasks.",
            "Ends tasks.",
            "the header must begin with: FROM -> TO  one sentence",
        ),
        ("LEASED -> SUCCEEDED|DEAD  Ends", "READ  Ends", "the header must begin with: FROM -> TO  one sentence"),
        ("SUCCEEDED|DEAD  Ends tasks.", "SUCCEEDED|DEAD", "the header must begin with: FROM -> TO  one sentence"),
        ("-- KEYS held", "-- KEYS Held", "not a declaration: KEYS Held"),
        ("-- ROW token  int ", "-- ROW token  hash ", "not a declaration: ROW token  hash   fence"),
        ("-- Cost O(tasks)\n", "", "the header must state one Cost O(...)"),
        ("-- Cost O(tasks)\n", "-- Cost small\n", "the header must state one Cost O(...)"),
        ("#!lua flags=allow-oom", "#!lua", "it must go on when Redis is full: flags=allow-oom"),
        ("#!lua flags=allow-oom\n", "", "it must go on when Redis is full: flags=allow-oom"),
        ("flags=allow-oom", "flags=no-cluster", "unknown first line: #!lua flags=no-cluster"),
        ("flags=allow-oom", "flags=no-writes", "only scripts that read carry no-writes"),
    ],
)
def test_a_header_in_a_wrong_form_is_rejected(old: str, new: str, sentence: str) -> None:
    assert sentence in check(broken(old, new))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("-- KEYS held\n", "", "ack: key held is used but not declared"),
        ("redis.call('HGET', HELD, id)", "'7'", "ack: key held is declared but not used"),
        ("-- KEYS held\n", "-- KEYS held owners\n", "ack: there is no key named owners"),
        (
            "local forget_at",
            "local TRIES = 3\nlocal forget_at",
            "ack: TRIES is the name of a key and cannot be that of a variable",
        ),
        ("'HGET', HELD", "'HGET', KEYS[1] or HELD", "ack: keys have names, KEYS is not used"),
        ("retention_ms\nlocal", "ARGV[1]\nlocal", "ack: arguments and rows have names, ARGV is not used"),
        (" + retention_ms", "", "argument retention_ms is declared but not used"),
        (
            "for row, id, token in rows() do",
            "for row, id, token in ipairs({}) do",
            "rows are declared but never read: for row, ... in rows() do",
        ),
        ("-- ROW id     text  task\n-- ROW token  int   fence\n", "", "rows are read but no ROW is declared"),
    ],
)
def test_keys_arguments_and_rows_must_be_declared_and_used(old: str, new: str, sentence: str) -> None:
    assert sentence in check(broken(old, new))


def test_an_include_must_declare_its_own_keys() -> None:
    library = LIBRARY | {"leave": LIBRARY["leave"].replace("-- KEYS leases\n", "")}

    sentences = violations(LuaScript(name="ack", source=ACK, library=library))

    assert "lib/leave: key leases is used but not declared" in sentences


def test_keys_of_many_shards_must_be_read_shard_by_shard() -> None:
    source = broken("-- KEYS waiting\n", "-- SHARD waiting tasks\n", PENDING)
    walk = "for first = 1, #KEYS, TASKS + 1 do\n  redis.call('HLEN', KEYS[first + TASKS])\nend\n"
    walking = broken("return {", f"{walk}return {{", source).replace("'ZCARD', WAITING", "'ZCARD', KEYS[1 + WAITING]")

    assert check(walking, "read/pending") == []
    assert "no loop walks KEYS from shard to shard, in steps of TASKS + 1" in check(
        walking.replace("TASKS + 1 do", "2 do"), "read/pending"
    )


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("-- Returns {'LOST'} per task\n", "", "LOST is returned but not documented"),
        ("= 'LOST'", "= ''", "LOST is documented but never returned"),
        ("-- Returns {'LOST'} per task\n", "-- Returns {'GONE'} LOST\n", "GONE is documented but never returned"),
        ("-- Returns {'LOST'}", "-- Return {'LOST'}", "not a declaration: Return {'LOST'} per task"),
    ],
)
def test_returned_statuses_must_be_documented_and_the_other_way_round(old: str, new: str, sentence: str) -> None:
    assert sentence in check(broken(old, new))


def test_a_status_from_an_include_must_be_documented() -> None:
    library = LIBRARY | {"holder": "local function holds(holder)\n  return holder or 'HIDDEN'\nend\n"}

    assert violations(LuaScript(name="ack", source=ACK, library=library)) == ["HIDDEN is returned but not documented"]


def test_an_edge_must_return_something() -> None:
    without = "\n".join(line for line in ACK.splitlines() if "Returns" not in line)

    assert "the header must say what it Returns" in check(without)
    assert "an edge must return a status: Returns {'STATUS', ...} meaning" in check(without)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("redis.call('KEYS', '*')", "KEYS is not among the commands that are bounded and known to every server"),
        ("redis.pcall('SCAN', '0')", "SCAN is not among the commands that are bounded and known to every server"),
        ("call_in_chunks('SORT', '', {})", "SORT is not among the commands that are bounded and known to every server"),
        ("local c = 'SET' redis.call(c)", "redis.call must name its command"),
        ("redis.call()", "redis.call must name its command"),
        ("local c = '' call_in_chunks(c, '', {})", "call_in_chunks must name its command"),
        ("local call = redis.call", "redis.call must be called by its own name"),
        ("local broker = redis", "redis must be used through its members, each by its own name"),
        ("redis['call']('SET')", "redis must be used through its members, each by its own name"),
        ("redis.sha1hex('x')", "redis.sha1hex is not allowed"),
        ("math.random()", "math.random is not allowed"),
        ("string.dump(tonumber)", "string.dump is not allowed"),
        ("local id = retention_ms redis.error_reply('ERR ' .. id)", "redis.error_reply must be given a plain string"),
        ("server_us()", "server_us is called more than once; TIME is not frozen on every server"),
        ("redis.call('TIME')", "TIME is read by the include time"),
        ("redis.call('ZADD', 'x', unpack(acked))", "unpack belongs into an include that cuts lists into chunks"),
    ],
)
def test_calls_that_some_server_lacks_are_rejected(line: str, sentence: str) -> None:
    assert sentence in check(before_the_end(line))


@pytest.mark.parametrize("name", ["bit", "cjson", "cmsgpack", "os", "struct", "loadstring", "error", "print", "_G"])
def test_globals_that_some_server_lacks_are_rejected(name: str) -> None:
    sentence = f"{name} is neither local nor one of the globals that every server has"

    assert check(before_the_end(f"local x = {name}")) == [sentence]
    assert check(before_the_end(f"local {name} = 1")) == []


@pytest.mark.parametrize("line", ["leak = 1", "function leak() end", "do local leak = 1 end leak = 2"])
def test_writing_a_global_is_rejected(line: str) -> None:
    assert check(before_the_end(line)) == ["leak is assigned but not local"]


@pytest.mark.parametrize(
    ("line", "use", "sentence"),
    [
        ("unheard", "", "there is no include named unheard"),
        ("holder", "", "holder is included twice"),
        ("greedy", "greedy()", "lib/greedy: keys have names, KEYS is not used"),
        ("needy", "needy()", "the include needy uses holds, and does not include it"),
        ("rash", "rash({})", "the include rash calls unpack without first and last"),
        ("rash", "", "nothing of the include rash is used"),
    ],
)
def test_includes_must_exist_be_needed_and_get_their_keys(line: str, use: str, sentence: str) -> None:
    source = broken("-- include: time\n", f"-- include: time\n-- include: {line}\n")

    assert sentence in check(source.replace(END, f"{use}\n{END}"))


def test_a_missing_include_is_reported_as_an_unknown_name() -> None:
    source = broken("-- include: holder\n", "")

    assert check(source) == ["holds is neither local nor one of the globals that every server has"]


def test_a_script_that_adds_tasks_must_not_allow_oom() -> None:
    assert check(ACK, "enqueue") == ["it must be refused when Redis is full: no allow-oom"]
    assert check(broken("#!lua flags=allow-oom", "#!lua"), "enqueue") == []


def test_a_reading_script_must_not_write_or_name_an_edge() -> None:
    writes = broken("'ZCARD', WAITING", "'ZREM', WAITING", PENDING)
    edge = broken("READ  Counts", "WAITING -> WAITING  Counts", PENDING)

    assert check(writes, "read/pending") == ["ZREM writes, but the script only reads"]
    assert check(edge, "read/pending") == ["the header must begin with: READ  one sentence"]
