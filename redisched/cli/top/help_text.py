"""The help: keys, and the words that need one."""

from rich.text import Text

from redisched.cli.top.looks import LOOKS, PAUSED, marked

_KEYS = (
    ("\u2191 \u2193 j k", "move the cursor; g and G: the first and the last row"),
    ("Tab", "the other table; in a queue: the next state"),
    ("Enter", "open a queue, a worker or a task"),
    ("Esc", "go back"),
    ("/", "open a task by its id"),
    ("s", "choose the column to sort by; the same again turns it round"),
    ("p", "pause or resume the queue; it asks first"),
    ("r", "read now"),
    ("q, Ctrl-C", "quit"),
)
_WORDS = (
    ("SCHED", "wait for their time, or for another attempt"),
    ("LEASED", "workers have them, running or next"),
    ("OLDEST", "for how long the oldest ready task has been due"),
    ("WAIT, RUN P95", "95 of 100 did not wait or run longer, in five minutes"),
    ("PER MIN, FAILED", "ended per minute; failed attempts in five minutes"),
    ("DUE, AHEAD", "in the window of a worker: for a slot, for their time"),
)


def help_text() -> Text:
    """All of it, in 74 columns and 22 lines."""
    text = Text()
    for key, does in _KEYS:
        text.append(f"{key:<10}", style="bold").append(f"{does}\n")
    text.append("\n")
    for word, means in _WORDS:
        text.append(f"{word:<17}", style="bold").append(f"{means}\n")
    text.append("\n")
    for state, look in LOOKS.items():
        text.append_text(marked(look, state)).append("  ")
    return text.append_text(marked(PAUSED, "paused"))
