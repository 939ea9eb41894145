"""The trace of `--debug`: what botocore and we do, with no secret in it.

Two lines of defence: records that carry requests or answers are cut down to their constant words, and in all that is
left every secret in use is covered, however it may be escaped.
"""

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO
from urllib.parse import quote, quote_plus

from oidc_helper.create_token_with_iam.model import OPERATION, SERVICE, is_secret

COVER = "***"
_SHORT = 8  # characters; a shorter secret is covered only where it stands alone, else the trace would be unreadable
_TRACED = ("botocore", "urllib3", "oidc_helper")
# Loggers that speak of names, places and decisions. All others print requests, answers, headers or signatures.
_TALKERS = (
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


class Veil:
    """The secrets in use; has no repr of them."""

    def __init__(self) -> None:
        self._spellings: set[str] = set()

    def learn(self, value: Any, name: str | None = None) -> None:
        """Cover every text in `value` from now on, less the members that may be shown; `name` is the member's own."""
        if isinstance(value, dict):
            for key, inner in value.items():
                self.learn(inner, str(key))
        elif isinstance(value, list):
            for inner in value:
                self.learn(inner, name)
        elif isinstance(value, str | bytes) and value and (name is None or is_secret(name)):
            self._spellings |= _spellings(value.decode("utf-8", "replace") if isinstance(value, bytes) else value)

    def cover(self, text: str) -> str:
        """The text without any secret."""
        for spelling in sorted(self._spellings, key=len, reverse=True):
            if len(spelling) < _SHORT:
                text = re.sub(rf"(?<!\w){re.escape(spelling)}(?!\w)", COVER, text)
            else:
                text = text.replace(spelling, COVER)
        return text


def _spellings(secret: str) -> set[str]:
    """A secret as it is, stripped, and as it looks within JSON, a URL, a form or a Python literal."""
    plain = {secret, secret.strip()} - {""}
    escaped = {json.dumps(text, ensure_ascii=ascii_only)[1:-1] for text in plain for ascii_only in (True, False)}
    literal = {repr(text)[1:-1] for text in plain | escaped}
    octets = {repr(text.encode("utf-8", "surrogatepass"))[2:-1] for text in plain | escaped}
    in_url = {spell(text, errors="replace") for text in plain for spell in (quote, quote_plus)}
    return plain | escaped | literal | octets | in_url


class _Formatter(logging.Formatter):
    def __init__(self, veil: Veil) -> None:
        super().__init__(_FORMAT)
        self._veil = veil

    def format(self, record: logging.LogRecord) -> str:
        if not _talks(record.name):
            record = logging.makeLogRecord(
                {
                    **vars(record),
                    "msg": _constant_words(str(record.msg)),
                    "args": (),
                    "exc_info": None,
                    "exc_text": None,
                }
            )
        return self._veil.cover(super().format(record))


def _talks(name: str) -> bool:
    return any(name == talker or name.startswith(talker + ".") for talker in _TALKERS)


def _constant_words(message: str) -> str:
    return " ".join(re.sub(r"%\(\w+\)\w|%[-#0-9. ]*\w", "…", message).split())


@contextmanager
def traced(complaints: TextIO, veil: Veil, *, debug: bool) -> Iterator[None]:
    """Write the trace while the body runs, if `debug`."""
    if not debug:
        yield
        return
    shown = logging.StreamHandler(complaints)
    shown.setFormatter(_Formatter(veil))
    loggers = [logging.getLogger(name) for name in _TRACED]
    before = [(logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.addHandler(shown)
        logger.setLevel(logging.DEBUG)
        logger.propagate = False
    try:
        yield
    except Exception as error:
        log.debug("ended by %s", type(error).__name__, exc_info=True)
        raise
    finally:
        for logger, (level, propagate) in zip(loggers, before, strict=True):
            logger.removeHandler(shown)
            logger.setLevel(level)
            logger.propagate = propagate


def watch(session: Any, veil: Veil) -> None:
    """Learn the credentials that the operation is signed with, before the signer speaks of them."""

    def learn(**_: Any) -> None:
        found = session.get_credentials()
        if found:
            keys = found.get_frozen_credentials()
            veil.learn([keys.secret_key, keys.token])

    # For this operation alone: a request that is part of getting credentials must not wait for them.
    session.register(f"before-sign.{SERVICE}.{OPERATION}", learn)


def trace_request(url: str, parameters: dict[Any, Any]) -> None:
    """Say what is sent where, secrets by their length."""
    log.debug(
        "sending to %s: %s", url, ", ".join(f"{name}={_shown(name, value)}" for name, value in parameters.items())
    )


def trace_answer(answer: dict[str, Any]) -> None:
    """Say what came back."""
    log.debug("answered: %s", ", ".join(f"{name}={_shown(name, value)}" for name, value in answer.items()))


def _shown(name: Any, value: Any) -> str:
    if not is_secret(name):
        return repr(value)
    return f"({len(value)} characters)" if isinstance(value, str) else f"({type(value).__name__})"
