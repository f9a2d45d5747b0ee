"""A stream of overviews, by server-sent events."""

from starlette.responses import StreamingResponse

from redisched.web.endpoint import EVENT_STREAM, ApiCall, Endpoint


async def listen(call: ApiCall) -> StreamingResponse:
    """Answer with a stream that ends when the visitor goes away."""
    feed = call.services.overviews
    feed.expect_room()
    return StreamingResponse(feed.stream(), media_type=EVENT_STREAM)


ENDPOINTS = (
    Endpoint(
        path="/events",
        summary="Server-sent events: each change of the overview, looked for once a second.",
        description=(
            "Events `overview` have the record of GET /overview; events `problem` have a problem, such as that Redis "
            "does not answer. The first comes at once. Lines that begin with a colon show that the connection lives."
        ),
        act=listen,
        media_type=EVENT_STREAM,
    ),
)
