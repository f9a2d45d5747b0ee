"""Applications written into a folder, for processes to find."""

from pathlib import Path

APPLICATION = """
from redisched import Scheduler

app = Scheduler()
text = "no Scheduler"

@app.task(name="add")
def add(a: int, b: int) -> int:
    return a + b

@app.task(name="mail", queue="mail")
async def mail() -> str:
    return "sent"

@app.task(name="fail", max_attempts=1)
def fail() -> None:
    raise ValueError("no \\x1b[31m luck")
"""


def write_application(folder: Path, source: str = APPLICATION, name: str = "shop.py") -> Path:
    """Write a module, and answer where."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)
    return path
