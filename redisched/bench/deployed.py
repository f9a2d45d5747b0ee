"""The application of the bench as a deployed worker loads it: its server is that of REDISCHED_URL."""

from redisched.client.scheduler import Scheduler

app = Scheduler()


@app.task(name="noop")
async def noop(_index: int) -> None:
    """Does nothing."""
