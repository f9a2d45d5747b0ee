"""Data aggregation: totals, in SQL, of the results that the other handlers have stored so far."""

from redisched.demo import ledger, surroundings
from redisched.demo.facts import Kind, recorded
from redisched.demo.scheduler import BACKOFF, WORK_QUEUE, app
from redisched.retry import Retry


@app.task(name="demo.add_up_results", queue=WORK_QUEUE, retry=Retry(backoff=BACKOFF))
def add_up_results() -> dict[str, int]:
    """Bytes hashed, cents charged, bytes mailed and lines read up to now. Raises NotConfigured."""
    with recorded(Kind.AGGREGATION):
        folder = surroundings.folder()
        if folder is None:
            raise surroundings.NotConfigured(surroundings.FOLDER_VARIABLE, "the folder that holds the ledger")
        return ledger.add_up(folder)
