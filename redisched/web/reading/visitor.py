"""Who sends a request, as the server knows it."""

from importlib.metadata import version
from typing import Any

from redisched.web.endpoint import ApiCall, Endpoint


async def show_visitor(call: ApiCall) -> dict[str, Any]:
    """The name and the role of the visitor, and the version of the server."""
    return {"name": call.visitor.name, "role": call.visitor.role.value, "version": version("redisched")}


ENDPOINTS = (
    Endpoint(
        path="/visitor",
        summary="Who you are to this server, and whether you may act or only read.",
        act=show_visitor,
        answer="Visitor",
    ),
)
