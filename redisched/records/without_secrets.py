"""Tasks as they are shown: what is a secret by its name is hidden in their arguments, headers and results."""

from dataclasses import replace

from redisched.model import TaskBody
from redisched.redaction import SECRETS, Redactor
from redisched.store.view import TaskView


def body_without_secrets(body: TaskBody, redactor: Redactor = SECRETS) -> TaskBody:
    """The same body with its secrets hidden."""
    args, kwargs, headers = redactor.value(body.args), redactor.value(body.kwargs), redactor.value(body.headers)
    return body._replace(args=args, kwargs=kwargs, headers=headers)


def without_secrets(view: TaskView, redactor: Redactor = SECRETS) -> TaskView:
    """The same task with its secrets hidden."""
    body, outcome = view.body, view.outcome
    return replace(
        view,
        body=None if body is None else body_without_secrets(body, redactor),
        outcome=None if outcome is None else outcome._replace(result=redactor.value(outcome.result)),
    )
