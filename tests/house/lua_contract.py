"""The contract of a Lua script: its header says what its body does, and the body does only what is allowed.

Each rule yields a sentence for everything it finds wrong.
"""

import re
from collections.abc import Iterator

from redisched.keys import ALL_TYPES
from tests.house.lua_bytecode import DoesNotCompile, compile_lua
from tests.house.lua_header import Header, read_header
from tests.house.lua_script import Call, LuaScript, Token, blank_shebang, calls_in, header_lines, tokens_of

GLOBALS = frozenset(
    {"ARGV", "KEYS", "ipairs", "math", "next", "pairs", "redis", "select", "string", "table", "tonumber", "tostring"}
    | {"type", "unpack"}
)
GIVEN = frozenset({"check_keys", "format", "rows"})
"""The names that the header of a script defines for its includes."""
MEMBERS = {
    "redis": {"call", "error_reply", "pcall", "status_reply"},
    "math": {"abs", "ceil", "floor", "fmod", "huge", "max", "min"},
    "string": {"byte", "char", "find", "format", "gmatch", "gsub", "len", "lower", "match", "rep", "sub", "upper"},
    "table": {"concat", "insert", "remove", "sort"},
}
COMMANDERS = frozenset({"redis.call", "redis.pcall", "call_in_chunks"})
READING_COMMANDS = frozenset(
    {"EXISTS", "GET", "HEXISTS", "HGET", "HLEN", "HMGET", "HSCAN", "HSTRLEN", "LLEN", "LRANGE", "MGET", "SCARD"}
    | {"SISMEMBER", "SMISMEMBER", "STRLEN", "TIME", "ZCARD", "ZCOUNT", "ZLEXCOUNT", "ZMSCORE", "ZRANGE", "ZRANGEBYLEX"}
    | {"ZRANGEBYSCORE", "ZRANK", "ZREVRANGE", "ZREVRANGEBYSCORE", "ZREVRANK", "ZSCAN", "ZSCORE"}
)
WRITING_COMMANDS = frozenset(
    {"DECR", "DECRBY", "DEL", "EXPIRE", "HDEL", "HINCRBY", "HSET", "HSETNX", "INCR", "INCRBY", "LPOP", "LPUSH", "LREM"}
    | {"LTRIM", "PERSIST", "PEXPIRE", "PEXPIREAT", "RPOP", "RPUSH", "SADD", "SET", "SREM", "UNLINK", "ZADD", "ZINCRBY"}
    | {"PUBLISH", "ZPOPMAX", "ZPOPMIN", "ZREM", "ZREMRANGEBYRANK", "ZREMRANGEBYSCORE"}
)
SHEBANGS = (None, "#!lua", "#!lua flags=allow-oom", "#!lua flags=no-writes")
WORKS_WHEN_FULL = frozenset(
    {"ack", "bury", "expire", "reap", "recover", "release", "renew", "retry", "scrub", "snooze", "start", "wake"}
    | {
        "announce",
        "delete",
        "depart",
        "discard",
        "hand_over",
        "introduce",
        "order",
        "pause",
        "pause_schedule",
        "remove",
        "remove_schedule",
        "resume",
        "watch",
    }
)
REFUSED_WHEN_FULL = frozenset(
    {"checkpoint", "enqueue", "fire", "report", "resume_schedule", "revive", "set_schedule", "take_over", "tally"}
)

_STATUS = re.compile(r"[A-Z_]{4,}")


def violations(script: LuaScript) -> list[str]:
    """Every way in which a script breaks the contract, as sentences."""
    try:
        compile_lua(script.expanded)
    except DoesNotCompile as error:
        return [f"does not compile: {error}"]
    header = read_header(script.header)
    about_the_header = (said for rule in HEADER_RULES for said in rule(script, header))
    about_the_body = (said for rule in BODY_RULES for said in rule(script))
    return [*about_the_header, *about_the_body]


def first_line(script: LuaScript, header: Header) -> Iterator[str]:
    if script.reads_only and not header.is_read:
        yield "the header must begin with: READ  one sentence"
    if not script.reads_only and not header.is_edge:
        yield "the header must begin with: FROM -> TO  one sentence"
    for line in header.malformed:
        yield f"not a declaration: {line}"


def keys_match(script: LuaScript, header: Header) -> Iterator[str]:
    for file, source in _files(script):
        declared = read_header(header_lines(blank_shebang(source).splitlines()))
        names = [*declared.keys, *declared.shard_keys]
        tokens = tokens_of(blank_shebang(source))
        used = {token.text for token in tokens if token.kind == "name"}
        yield from (f"{file}: there is no key named {name}" for name in names if name not in ALL_TYPES)
        for name in ALL_TYPES:
            if (name.upper() in used) != (name in names):
                yield f"{file}: key {name} is {'declared but not used' if name in names else 'used but not declared'}"
        yield from (
            f"{file}: {word.text} is the name of a key and cannot be that of a variable"
            for at, word in enumerate(tokens)
            if word.text.lower() in ALL_TYPES and word.text.isupper() and tokens[at - 1].text == "local"
        )
    if header.shard_keys and f"# KEYS , {header.shard_keys[-1].upper()} + 1 do" not in _words(script.tokens):
        yield f"no loop walks KEYS from shard to shard, in steps of {header.shard_keys[-1].upper()} + 1"


def arguments_match(script: LuaScript, header: Header) -> Iterator[str]:
    used = {token.text for token in script.tokens if token.kind == "name"}
    yield from (f"argument {name} is declared but not used" for name in header.arguments if name not in used)
    if header.columns and not used & {"rows", "next_row"}:
        yield "rows are declared but never read: for row, ... in rows() do"
    if not header.columns and used & {"rows", "next_row"}:
        yield "rows are read but no ROW is declared"


def tables_are_left_alone(script: LuaScript, header: Header) -> Iterator[str]:
    for file, source in _files(script):
        words = {token.text for token in tokens_of(blank_shebang(source)) if token.kind == "name"}
        if "ARGV" in words:
            yield f"{file}: arguments and rows have names, ARGV is not used"
        if "KEYS" in words and not header.shard_keys:
            yield f"{file}: keys have names, KEYS is not used"


def statuses_match(script: LuaScript, header: Header) -> Iterator[str]:
    if not header.returns:
        yield "the header must say what it Returns"
    if not script.reads_only and not header.statuses:
        yield "an edge must return a status: Returns {'STATUS', ...} meaning"
    given = {token.text for token in _outside_commands(script.expanded_tokens) if _is_status(token)}
    for status in sorted(header.statuses - given):
        yield f"{status} is documented but never returned"
    for status in sorted(given - header.words):
        yield f"{status} is returned but not documented"


def cost_is_stated(script: LuaScript, header: Header) -> Iterator[str]:
    if header.costs != 1:
        yield "the header must state one Cost O(...)"


def includes_are_needed(script: LuaScript) -> Iterator[str]:
    words = [token.text for token in script.expanded_tokens if token.kind == "name"]
    for name in script.includes:
        if name not in script.library:
            yield f"there is no include named {name}"
        elif not any(words.count(defined) > 1 for defined in _definitions(script.library[name])):
            yield f"nothing of the include {name} is used"
    for name in sorted({name for name in script.includes if script.includes.count(name) > 1}):
        yield f"{name} is included twice"


def includes_stand_alone(script: LuaScript) -> Iterator[str]:
    for name in script.included:
        if name in script.library:
            # Unused functions of a library are left out of a script, so every function is used.
            source = f"{script.library[name]}return {{{', '.join(_definitions(script.library[name]))}}}\n"
            alone = LuaScript(name=name, source=source, library=script.library)
            for missing in sorted(compile_lua(alone.expanded).reads - GLOBALS - GIVEN):
                yield f"the include {name} uses {missing}, and does not include it"


def commands_are_allowed(script: LuaScript) -> Iterator[str]:
    for call in _commands(script.expanded_tokens):
        first = call.arguments[0] if call.arguments else Token("symbol", "")
        if first.kind != "string":
            if call.function != "redis.call" or call not in _chunked_calls(script):
                yield f"{call.function} must name its command"
        elif first.text not in READING_COMMANDS | WRITING_COMMANDS:
            yield f"{first.text} is not among the commands that are bounded and known to every server"
        elif script.reads_only and first.text in WRITING_COMMANDS:
            yield f"{first.text} writes, but the script only reads"


def globals_are_known(script: LuaScript) -> Iterator[str]:
    chunk = compile_lua(script.expanded)
    for name in sorted(chunk.writes):
        yield f"{name} is assigned but not local"
    for name in sorted(chunk.reads - GLOBALS):
        yield f"{name} is neither local nor one of the globals that every server has"


def members_are_known(script: LuaScript) -> Iterator[str]:
    tokens = script.expanded_tokens
    for at, token in enumerate(tokens):
        if token.kind == "name" and token.text in MEMBERS and (at == 0 or tokens[at - 1].text != "."):
            following = [word.text for word in tokens[at + 1 : at + 4]]
            if following[:1] != ["."]:
                yield f"{token.text} must be used through its members, each by its own name"
            elif following[1] not in MEMBERS[token.text]:
                yield f"{token.text}.{following[1]} is not allowed"
            elif token.text == "redis" and following[2:] != ["("]:
                yield f"redis.{following[1]} must be called by its own name"


def unpack_is_bounded(script: LuaScript) -> Iterator[str]:
    if any(token.kind == "name" and token.text == "unpack" for token in script.tokens):
        yield "unpack belongs into an include that cuts lists into chunks"
    for name in script.included:
        for call in calls_in(tokens_of(script.library.get(name, ""))):
            if call.function == "unpack" and sum(token.text == "," for token in call.arguments) < 2:
                yield f"the include {name} calls unpack without first and last"


def errors_are_literal(script: LuaScript) -> Iterator[str]:
    for call in calls_in(script.expanded_tokens):
        if call.function == "redis.error_reply" and [token.kind for token in call.arguments] != ["string"]:
            yield "redis.error_reply must be given a plain string"


def time_is_read_once(script: LuaScript) -> Iterator[str]:
    if sum(call.function == "server_us" for call in calls_in(script.expanded_tokens)) > 1:
        yield "server_us is called more than once; TIME is not frozen on every server"
    if any(token.kind == "string" and token.text == "TIME" for token in script.tokens):
        yield "TIME is read by the include time"


def flags_fit(script: LuaScript) -> Iterator[str]:
    if script.shebang not in SHEBANGS:
        yield f"unknown first line: {script.shebang}"
    works_when_full = script.shebang == "#!lua flags=allow-oom"
    if script.name in WORKS_WHEN_FULL and not works_when_full:
        yield "it must go on when Redis is full: flags=allow-oom"
    if script.name in REFUSED_WHEN_FULL and works_when_full:
        yield "it must be refused when Redis is full: no allow-oom"
    if script.shebang == "#!lua flags=no-writes" and not script.reads_only:
        yield "only scripts that read carry no-writes"


HEADER_RULES = (first_line, keys_match, arguments_match, tables_are_left_alone, statuses_match, cost_is_stated)
BODY_RULES = (
    includes_are_needed,
    includes_stand_alone,
    commands_are_allowed,
    globals_are_known,
    members_are_known,
    unpack_is_bounded,
    errors_are_literal,
    time_is_read_once,
    flags_fit,
)


def _files(script: LuaScript) -> Iterator[tuple[str, str]]:
    """The script and what it includes, each with its text."""
    yield script.name, script.source
    yield from ((f"lib/{name}", script.library.get(name, "")) for name in script.included)


def _words(tokens: list[Token]) -> str:
    return " ".join(token.text for token in tokens)


def _is_status(token: Token) -> bool:
    return token.kind == "string" and _STATUS.fullmatch(token.text) is not None


def _outside_commands(tokens: list[Token]) -> list[Token]:
    inside = {id(token) for call in _commands(tokens) for token in call.arguments}
    return [token for token in tokens if id(token) not in inside]


def _commands(tokens: list[Token]) -> Iterator[Call]:
    return (call for call in calls_in(tokens) if call.function in COMMANDERS)


def _chunked_calls(script: LuaScript) -> list[Call]:
    return list(_commands(tokens_of(script.library.get("chunks", ""))))


def _definitions(source: str) -> Iterator[str]:
    """The names a library file gives at its top level, where nothing is indented."""
    for line in source.splitlines():
        words = [token.text for token in tokens_of(line)]
        if line.startswith("local function"):
            yield words[2]
        elif line.startswith("local"):
            yield words[1]
