"""The dashboard as it is sent to browsers: files that need no building. They hold no data, so anybody may read them."""

import gzip
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from redisched.web.problems import answer_unrouted, not_found

FOLDER = Path(__file__).parent / "page"
INDEX = "index.html"
BELOW = "/page/"
"""Below this path are all files but the index, which is at /."""
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""By the end of its name; what is not in here is not sent."""


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file, and the same packed by gzip. `tag` changes with the content."""

    media_type: str
    content: bytes
    packed: bytes
    tag: str

    def answer(self, request: Request) -> Response:
        """Send it, unless the browser has it already."""
        headers = {"ETag": self.tag, "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") == self.tag:
            return Response(status_code=304, headers=headers)
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(self.content, headers=headers, media_type=self.media_type)
        return Response(self.packed, headers={**headers, "Content-Encoding": "gzip"}, media_type=self.media_type)


@cache
def page_files() -> dict[str, PageFile]:
    """All files, by their paths within the folder."""
    return {
        path.relative_to(FOLDER).as_posix(): _read(path)
        for path in sorted(FOLDER.rglob("*"))
        if path.suffix in MEDIA_TYPES
    }


def _read(path: Path) -> PageFile:
    content = path.read_bytes()
    # The same bytes whenever they are packed.
    packed = gzip.compress(content, mtime=0)
    return PageFile(MEDIA_TYPES[path.suffix], content, packed, f'"{sha256(content).hexdigest()[:20]}"')


def is_of_page(path: str) -> bool:
    """Whether a path, as routes see it, is of a file of the page."""
    return path == "/" or path.startswith(BELOW)


async def send_index(request: Request) -> Response:
    """Answer with the dashboard. Its links are relative, so the path must end with a slash."""
    if not request.scope.get("raw_path", b"/").partition(b"?")[0].endswith(b"/"):
        return RedirectResponse(f"{request.scope.get('root_path', '')}/")
    return page_files()[INDEX].answer(request)


async def send_page_file(request: Request) -> Response:
    """Answer with a file of the dashboard."""
    found = page_files().get(request.path_params["file"])
    if found is None:
        return answer_unrouted(request, not_found("no_such_path", "the dashboard has no such file"))
    return found.answer(request)
