"""Counts things in a sentence: "1 task", "2 tasks"."""


def counted(count: int, thing: str, things: str = "") -> str:
    """The count and the name of the things; `things` is their plural where it takes more than an s."""
    return f"{count} {thing if count == 1 else things or f'{thing}s'}"
