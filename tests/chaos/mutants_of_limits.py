"""Bugs planted in what limits when a task may start again."""

from tests.chaos.mutant import Mutant

MUTANTS_OF_LIMITS = {
    "a retry begins after the deadline": Mutant("retry", "if run_at < note_started(", "if 0 < note_started("),
    "a deadline never counts": Mutant("expire", "moment = started == '!' and deadline", "moment = nil"),
    "a later deadline replaces an earlier one": Mutant(
        "retry", "math.min(tonumber(deadline or math.huge), given_ms or math.huge)", "given_ms or math.huge"
    ),
    "a crash lets it start twice": Mutant(
        "recover", "elseif end_if_started_once(id, score, now_ms) then", "elseif false then"
    ),
    "the start is noted for any token": Mutant(
        "start", "holds(holder, token) and (not noted or noted == token)", "(not noted or noted == token)"
    ),
}

DEEP_MUTANTS_OF_LIMITS = {
    "a lost lease lets it start twice": Mutant(
        "reap", "elseif end_if_started_once(id, score, now_ms) then", "elseif false then"
    ),
}
