"""Turns errors of the client library into errors of redisched that say what to do."""

import re
import ssl
from collections.abc import Iterator

from redis import exceptions

from redisched.errors import AccessDenied, BrokerError, BrokerRefused, BrokerUnavailable, QueueFull
from redisched.store.operation import Command, Redirected, Redirection, ScriptMissing, ScriptRejected

# The word is at the beginning of the error, or, for a script on Redis 6, after the line number. A server that was the
# primary until now answers the last one.
_TRANSIENT = re.compile(
    r"(?:^|: -)(?:BUSY|LOADING|MASTERDOWN|READONLY|NOREPLICAS|MISCONF|CLUSTERDOWN|UNKILLABLE|UNBLOCKED)\b"
    r"|cannot be used with replica instances"
)
_UNAVAILABLE = (
    exceptions.ConnectionError,
    exceptions.TimeoutError,
    exceptions.ReadOnlyError,
    exceptions.TryAgainError,
    exceptions.ClusterDownError,
    OSError,
)
_DENIALS = (exceptions.AuthenticationError, exceptions.AuthorizationError, exceptions.NoPermissionError)
# The last two are the errors for a command within a script, of Redis 6 and of later servers.
_DENIED = re.compile(
    r"^(?:WRONGPASS|NOAUTH|NOPERM|No permissions to)\b|executing the script can't (?:run|access)|ACL failure in script"
)
_SILENCE = (exceptions.TimeoutError, TimeoutError)

_PASSWORD = "write the password into the URL, as redis://:password@host"
WRONG_HOST = frozenset({62, 64})
"""Codes of OpenSSL for a certificate of another host, or of another address."""
_EXPIRED, _NOT_YET_VALID = 10, 9
_ENCRYPTION = (
    (
        ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"),
        "what answers there does not speak TLS; write redis:// in place of rediss://, or the port for TLS",
    ),
    (
        ("CERTIFICATE_REQUIRED", "DID_NOT_RETURN_A_CERTIFICATE"),
        "the server wants a certificate of ours; name its files by ssl_certfile and ssl_keyfile in the URL",
    ),
    (
        ("PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "NO_PROTOCOLS"),
        "there is no version of TLS that both speak; "
        "look at ssl_min_version in the URL, and at tls-protocols of the server",
    ),
    (
        ("NO_SHARED_CIPHER", "NO_CIPHERS", "HANDSHAKE_FAILURE"),
        "there is no cipher that both know; look at ssl_ciphers in the URL, and at tls-ciphers of the server",
    ),
    (
        ("ALERT_UNKNOWN_CA", "BAD_CERTIFICATE", "ALERT_CERTIFICATE", "ALERT_UNSUPPORTED_CERTIFICATE"),
        "the server does "
        "not accept our certificate; look at ssl_certfile in the URL, and at tls-ca-cert-file of the server",
    ),
)
"""Words in errors of OpenSSL, and what to do."""


class GreetingRefused(exceptions.ConnectionError):
    """Raised when a server refuses the first commands of a connection. `call` is the command it refused."""

    def __init__(self, call: str, reason: str) -> None:
        self.call = call
        super().__init__(reason)


def translate(error: Exception, command: Command, within_s: float) -> BrokerError:
    """Turn an error of the client library into one of redisched. `within_s` is how long a reply was waited for."""
    text = str(error) or type(error).__name__
    if isinstance(error, exceptions.NoScriptError):
        return ScriptMissing(text)
    if isinstance(error, exceptions.OutOfMemoryError) or "OOM " in text:
        return QueueFull(text)
    if not_let_in := _not_let_in(error, str(command[0])):
        return not_let_in
    if isinstance(error, _SILENCE):
        return BrokerUnavailable(f"no answer within {within_s:.3g} s", within_s)
    if isinstance(error, _UNAVAILABLE) or _TRANSIENT.search(text):
        if "read only replica" in text:
            text = f"{text.rstrip('.')}; the URL must name the primary, unless another server is just becoming it"
        return BrokerUnavailable(text, 0.0)
    return _refused(error, command)


def _not_let_in(error: Exception, call: str) -> BrokerRefused | None:
    """The error if this server refuses every command with this URL; None if the error has another cause."""
    text = str(error)
    if isinstance(error, GreetingRefused):
        kind = AccessDenied if isinstance(error.__cause__, _DENIALS) or _DENIED.search(text) else BrokerRefused
        return kind(error.call, text)
    if isinstance(error, _DENIALS) or _DENIED.search(text):
        return AccessDenied(call, f"{text}; {_PASSWORD}" if "uthentication required" in text else text)
    if isinstance(error, exceptions.InvalidResponse):
        reason = f"what answers there does not speak the protocol of Redis ({error}); correct the URL"
        return BrokerRefused(call, reason)
    reasons = (_encryption_reason(cause) for cause in _chain(error) if isinstance(cause, ssl.SSLError))
    reason = next(filter(None, reasons), "")
    return BrokerRefused(call, reason) if reason else None


def _refused(error: Exception, command: Command) -> BrokerError:
    text, call = str(error), str(command[0])
    if "near '#'" in text:
        return ScriptRejected(text)
    if isinstance(error, exceptions.AskError):
        kind = Redirection.MOVED if isinstance(error, exceptions.MovedError) else Redirection.ASK
        return Redirected(call, f"{kind} {text}", error.slot_id, error.host, error.port, kind)
    if text.startswith("WRONGTYPE") and not call.startswith("EVAL"):
        call = f"{call} {command[1]!s}"
    return BrokerRefused(call, text)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and its causes."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _encryption_reason(error: ssl.SSLError) -> str | None:
    """Why no TLS connection can ever be made; None if the error does not tell."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate_reason(error)
    said = f"{error.reason} {error}"
    return next((reason for words, reason in _ENCRYPTION if any(word in said for word in words)), None)


def _certificate_reason(error: ssl.SSLCertVerificationError) -> str:
    what = error.verify_message.rstrip(".")
    if error.verify_code in WRONG_HOST:
        return f"the server's certificate is for another host: {what}; correct the host in the URL, or the certificate"
    if error.verify_code == _EXPIRED:
        return f"the server's certificate is of no use any more: {what}; have it renewed"
    if error.verify_code == _NOT_YET_VALID:
        return f"the server's certificate is of no use yet: {what}; look at the clocks"
    return f"the server's certificate is not trusted: {what}; name the file of its authority by ssl_ca_certs in the URL"
