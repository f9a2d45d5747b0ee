"""Exit codes that several commands have, besides those of click."""

INTERRUPTED = 130
"""The exit code of a command that was ended by SIGINT, as shells have it."""
