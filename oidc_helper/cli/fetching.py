"""Runs a fetch in its own process, so that the endpoint answers meanwhile, and botocore's memory is given back.

Python runs one thread at a time, and a botocore client keeps all others waiting for 20 ms and more at a time.
"""

import gc
import logging
from collections.abc import Iterator

from oidc_helper.cli import own_process
from oidc_helper.cli.credentials import fetched
from oidc_helper.cli.streams import Streams
from oidc_helper.cli.wiring import Errand, means
from oidc_helper.errors import OidcHelperError
from oidc_helper.fetch.broker import Fetched
from oidc_helper.machine.deadline import Deadline
from oidc_helper.redaction import without_secrets
from oidc_helper.settings import Settings
from oidc_helper.store.store import UnkeptRecords

log = logging.getLogger("oidc_helper")

_REST_S = 10  # for a process to start, and to report that its deadline has passed

_Order = tuple[str, Settings, UnkeptRecords, bool, int]
"""The parameters of `fetch`, and the level of the log."""
_Log = list[tuple[int, str]]
_Outcome = tuple[Fetched | OidcHelperError, UnkeptRecords, _Log]
"""The credentials or the error, the records that no store took, and the log."""


def fetch(name: str, loaded: Settings, unkept: UnkeptRecords, *, ahead: bool) -> Fetched:
    """Fetch the credentials of a profile; `unkept` then has the records that no store took. Raises OidcHelperError."""
    before = dict(unkept)
    order: _Order = (name, loaded, before, ahead, log.getEffectiveLevel())
    outcome: _Outcome = own_process.ask(__name__, order, timeout_s=loaded.profile(name).deadline_seconds + _REST_S)
    result, after, messages = outcome
    for level, text in messages:
        log.log(level, "%s", text)
    for entry in before.keys() - after.keys():
        unkept.pop(entry, None)
    unkept.update({entry: record for entry, record in after.items() if before.get(entry) != record})
    if isinstance(result, OidcHelperError):
        raise result
    return result


def _fetch(order: _Order, _stdio: Streams) -> Iterator[_Outcome]:
    gc.disable()  # as in `get`
    name, loaded, unkept, ahead, level = order
    messages = _Log()
    log.addHandler(_Recorder(messages))
    log.setLevel(level)
    profile = loaded.profile(name)
    deadline = Deadline(profile.deadline_seconds)
    result: Fetched | OidcHelperError
    try:
        result = fetched(Errand(profile, loaded, deadline, means(profile, loaded, deadline, unkept)), ahead=ahead)
    except OidcHelperError as error:
        result = error
    yield result, unkept, messages


class _Recorder(logging.Handler):
    """Records messages without secrets."""

    def __init__(self, messages: _Log) -> None:
        super().__init__()
        self._messages = messages

    def emit(self, entry: logging.LogRecord) -> None:
        self._messages.append((entry.levelno, without_secrets(entry.getMessage())))


if __name__ == "__main__":
    own_process.do(_fetch)
