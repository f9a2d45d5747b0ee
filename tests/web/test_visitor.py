"""Who asks, as the server knows it."""

from redisched.client.scheduler import Scheduler
from redisched.web.access import Access, AccessToken, Role
from tests.web.api import READER, SECRET, Api, bearer


def test_a_visitor_is_told_who_the_server_takes_him_for(tasks: Scheduler, api: Api) -> None:
    assert api.get("/visitor").items() >= {"name": "local", "role": "operator"}.items()
    access = Access(tokens=(AccessToken(secret=SECRET), AccessToken(secret=READER, role=Role.READER, name="wall")))
    for secret, name, role in ((SECRET, "operator", "operator"), (READER, "wall", "reader")):
        closed = Api(tasks, bearer(secret), access=access)
        with closed.client:
            assert closed.get("/visitor").items() >= {"name": name, "role": role}.items()
