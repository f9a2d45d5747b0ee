"""`redisched completion`: the script with which a shell completes commands, queues and handlers."""

import os
from pathlib import Path

import click
from click.shell_completion import get_completion_class

_SHELLS = ("bash", "zsh", "fish")
_PROGRAM = "redisched"
_HINTS = {
    "bash": "Start a new shell. If nothing is completed there, add to ~/.bashrc: source {path}",
    "zsh": "Have in ~/.zshrc, before compinit is called: fpath=({folder} $fpath); then start a new shell.",
    "fish": "Start a new shell.",
}


def _detect(_context: click.Context, _parameter: click.Parameter, shell: str | None) -> str:
    if shell is not None:
        return shell
    running = Path(os.environ.get("SHELL", "")).name
    if running not in _SHELLS:
        raise click.UsageError(f"name the shell: {', '.join(_SHELLS)}")
    return running


_shell = click.argument(
    "shell", type=click.Choice(_SHELLS), required=False, callback=_detect, metavar=f"[{'|'.join(_SHELLS)}]"
)


@click.group()
def completion() -> None:
    """Complete commands, queues and handlers in the shell."""


@completion.command("show")
@_shell
@click.pass_context
def show_completion(context: click.Context, shell: str) -> None:
    """Print the script for a shell; by default for that of $SHELL."""
    click.echo(_script(context, shell))


@completion.command("install")
@_shell
@click.pass_context
def install_completion(context: click.Context, shell: str) -> None:
    """Write the script to where the shell looks for it.

    By default the shell is that of $SHELL. No other file is changed; the command says if something is to be added
    to one.
    """
    path = _place(shell)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_script(context, shell))
    click.echo(f"Written: {path}")
    click.echo(_HINTS[shell].format(path=path, folder=path.parent))


def _script(context: click.Context, shell: str) -> str:
    kind = get_completion_class(shell)
    assert kind is not None, f"click completes in {shell}"
    script = kind(context.find_root().command, {}, _PROGRAM, f"_{_PROGRAM.upper()}_COMPLETE")
    # Its own `source` of bash also asks which version is installed, and warns of old ones.
    return script.source_template % script.source_vars()


def _place(shell: str) -> Path:
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return {
        "bash": data / "bash-completion" / "completions" / _PROGRAM,
        "zsh": data / "zsh" / "site-functions" / f"_{_PROGRAM}",
        "fish": config / "fish" / "completions" / f"{_PROGRAM}.fish",
    }[shell]
