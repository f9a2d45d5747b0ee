"""`redisched web`: serves the dashboard and the JSON API of a Redis."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from redisched.cli.dashboard import DEFAULT_PORT, NEEDED
from redisched.cli.parameters import F, url_option, with_all
from redisched.cli.session import session
from redisched.printable import printable

if TYPE_CHECKING:
    from redisched.web.access import Access

_OPTIONS = (
    click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Listen on this address."),
    click.option(
        "--port",
        type=click.IntRange(0, 65_535),
        default=DEFAULT_PORT,
        show_default=True,
        help="Listen on this port; 0 takes a free one.",
    ),
    click.option(
        "--token",
        envvar="REDISCHED_WEB_TOKEN",
        metavar="SECRET",
        help="Who sends this may read and act. Better in REDISCHED_WEB_TOKEN, as others can see a command line.",
    ),
    click.option(
        "--read-only-token",
        envvar="REDISCHED_WEB_READ_ONLY_TOKEN",
        metavar="SECRET",
        help="Who sends this may only read. Default: REDISCHED_WEB_READ_ONLY_TOKEN.",
    ),
    click.option("--read-only", is_flag=True, help="Nobody may act."),
    click.option(
        "--allowed-host",
        "allowed_hosts",
        multiple=True,
        metavar="NAME",
        help="Answer requests for this host name, besides those of this machine. For several, repeat the option.",
    ),
    click.option(
        "--redact",
        multiple=True,
        metavar="NAME",
        help="Hide arguments with this name, besides passwords, tokens and the like. For several, repeat the option.",
    ),
    click.option("--base-path", default="", metavar="PATH", help="The path below which a proxy serves it: /redisched."),
    click.option("--open", "in_browser", is_flag=True, help="Open the dashboard in a browser."),
    url_option,
)


def _options(command: F) -> F:
    return with_all(_OPTIONS, command)


@click.command("web")
@_options
def web(
    host: str,
    port: int,
    token: str | None,
    read_only_token: str | None,
    read_only: bool,
    allowed_hosts: tuple[str, ...],
    redact: tuple[str, ...],
    base_path: str,
    in_browser: bool,
    url: str | None,
) -> None:
    """Serve the dashboard of a Redis, and its JSON API at /api/v1.

    No application is needed. Without a token it listens only on this machine, and answers only requests from there.
    With one, the dashboard asks for it, and requests send: Authorization: Bearer SECRET. Changes need the header
    X-Redisched: 1. The API describes itself: /api/v1/openapi.json.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise click.UsageError(
            f"the API is served with {' and '.join(missing)}, not installed here; "
            "install it: pip install 'redisched[web]', or in a checkout pip install -e '.[web]'"
        )
    import threading
    import webbrowser

    from redisched.web.app import create_app
    from redisched.web.serving import listen_on, serve, url_of

    access = _access(token, read_only_token, read_only, allowed_hosts)
    with session(url) as opened, listen_on(host, port, access) as listening:
        app = create_app(opened.scheduler, access=access, redact=redact, base_path=base_path)
        if away := opened.check():
            click.echo(f"Redis does not answer yet ({printable(away)}); the dashboard says so until it does", err=True)
        page = f"{url_of(listening)}{base_path}/"
        click.echo(f"The dashboard is at {page} and its API at {page}api/v1/overview; to stop it: Ctrl-C")
        if in_browser:
            # A browser of the terminal would not return; the address listens already, so this may come first.
            threading.Thread(target=webbrowser.open, args=(page,), daemon=True).start()
        serve(app, listening, app.state.overviews.end)


def _access(token: str | None, read_only_token: str | None, read_only: bool, allowed_hosts: Sequence[str]) -> "Access":
    from redisched.web.access import Access, AccessToken, Role

    tokens = [AccessToken(secret=token)] if token is not None else []
    tokens += [AccessToken(secret=read_only_token, role=Role.READER)] if read_only_token is not None else []
    role = Role.READER if read_only else Role.OPERATOR
    return Access(tokens=tuple(tokens), role=role, allowed_hosts=tuple(allowed_hosts))
