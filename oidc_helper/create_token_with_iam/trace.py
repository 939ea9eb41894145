"""The trace of `--debug`: the steps that botocore and we take, without secrets.

Two lines of defence: a record that carries a request or an answer is cut down to its constant words, and every secret
that was learnt is covered in the rest. Of an error, the trace shows the stack and the type, not the message.
"""

import logging
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from oidc_helper import redaction
from oidc_helper.create_token_with_iam.model import OPERATION, SERVICE, is_secret

_TRACED = ("botocore", "urllib3", "oidc_helper")
# These loggers print names, places and decisions; all others print requests, answers, headers or signatures too.
_HARMLESS = (
    "botocore.client",
    "botocore.configprovider",
    "botocore.credentials",
    "botocore.hooks",
    "botocore.loaders",
    "botocore.regions",
    "botocore.retries",
    "botocore.session",
    "oidc_helper",
    "urllib3",
)
_FORMAT = "%(asctime)s %(name)s %(levelname)s %(message)s"

log = logging.getLogger(__name__)


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        if not _is_harmless(record.name):
            record = logging.makeLogRecord(
                {
                    **vars(record),
                    "msg": _constant_words(str(record.msg)),
                    "args": (),
                    "exc_info": None,
                    "exc_text": None,
                }
            )
        return redaction.without_secrets(super().format(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802  # logging's name
        kind, _, trace = ei
        return "".join(traceback.format_tb(trace)) + (kind.__name__ if kind else "")


def _is_harmless(name: str) -> bool:
    return any(name == harmless or name.startswith(harmless + ".") for harmless in _HARMLESS)


def _constant_words(message: str) -> str:
    return " ".join(re.sub(r"%\(\w+\)\w|%[-#0-9. ]*\w", "…", message).split())


@contextmanager
def traced(complaints: TextIO, *, debug: bool) -> Iterator[None]:
    """Write the trace while the body runs, if `debug`."""
    if not debug:
        yield
        return
    to_complaints = logging.StreamHandler(complaints)
    to_complaints.setFormatter(_Formatter(_FORMAT))
    loggers = [logging.getLogger(name) for name in _TRACED]
    before = [(logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.addHandler(to_complaints)
        logger.setLevel(logging.DEBUG)
        logger.propagate = False
    try:
        yield
    except Exception as error:
        log.debug("ended by %s", type(error).__name__, exc_info=True)
        raise
    finally:
        for logger, (level, propagate) in zip(loggers, before, strict=True):
            logger.removeHandler(to_complaints)
            logger.setLevel(level)
            logger.propagate = propagate


def learn_signer(session: Any) -> None:
    """Learn the credentials that sign the operation, before the signer logs them."""

    def learn(**_: Any) -> None:
        if credentials := session.get_credentials():
            keys = credentials.get_frozen_credentials()
            redaction.learn(keys.secret_key, keys.token)

    # For this operation alone: a request that is part of getting credentials must not wait for them.
    session.register(f"before-sign.{SERVICE}.{OPERATION}", learn)


def log_request(url: str, parameters: dict[Any, Any]) -> None:
    """Log the URL and the parameters, only the length of a secret."""
    log.debug("sending to %s: %s", url, _listed(parameters))


def log_answer(answer: dict[str, Any]) -> None:
    """Log the members of an answer, only the length of a secret."""
    log.debug("answered: %s", _listed(answer))


def _listed(members: dict[Any, Any]) -> str:
    return ", ".join(f"{name}={_public(name, value)}" for name, value in members.items())


def _public(name: Any, value: Any) -> str:
    if not is_secret(name):
        return repr(value)
    return f"({len(value)} characters)" if isinstance(value, str) else f"({type(value).__name__})"
