"""Values in the texts of errors, none longer than half a line."""


def shortened(value: object) -> str:
    """How a value is shown in the text of an error. Never raises, even if its `repr` does."""
    try:
        text = repr(value)
    except Exception as error:
        text = f"<{type(value).__name__} whose repr raised {type(error).__name__}>"
    return text if len(text) <= 80 else text[:77] + "..."
