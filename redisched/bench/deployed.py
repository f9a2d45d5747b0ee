"""The benchmark's application as a deployed worker loads it; REDISCHED_URL names its server."""

from redisched.client.scheduler import Scheduler
from redisched.config import Settings

app = Scheduler(settings=Settings(kept_results=1_000_000_000))


@app.task(name="noop")
async def noop(_index: int) -> None:
    """Does nothing."""
