"""Bugs planted in what changes tasks from outside of their handlers."""

from tests.chaos.mutant import Mutant

MUTANTS_OF_STEERING = {
    "a replayed task forgets why it was dead": Mutant(
        "revive", "    redis.call('HDEL', TRIES, id)\n", "    redis.call('HDEL', FAILURES, id)\n"
    ),
    "other arguments make it another task": Mutant("revive", "'00000000', 1, 8) .. body", "'', 1, 7) .. 'x' .. body"),
    "what is discarded stays in memory": Mutant("discard", "call_in_chunks('HDEL', TASKS, ids)\n", "\n"),
    "a task that lives is discarded": Mutant("discard", "if redis.call('ZREM', DEAD, id) == 1 then", "if true then"),
}
