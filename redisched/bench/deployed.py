"""The application of the bench as a deployed worker loads it: its server is that of REDISCHED_URL."""

from redisched.client.scheduler import Scheduler
from redisched.config import Settings

app = Scheduler(settings=Settings(kept_results=1_000_000_000))


@app.task(name="noop")
async def noop(_index: int) -> None:
    """Does nothing."""
