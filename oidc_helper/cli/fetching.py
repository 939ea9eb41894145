"""A fetch in a process of its own, so that the endpoint answers meanwhile, and botocore's memory is given back.

Python runs one thread at a time, and each client of botocore holds it for 20 ms and more at once.
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
from oidc_helper.store.store import InHand

log = logging.getLogger("oidc_helper")

_REST_S = 10  # for a process to start, and to tell that its deadline has passed

_Order = tuple[str, Settings, InHand, bool, int]
"""As `fetch` has them, and the level of the log."""
_Said = list[tuple[int, str]]
_Outcome = tuple[Fetched | OidcHelperError, InHand, _Said]
"""What was fetched or why not, what no place took, and the log."""


def fetch(name: str, loaded: Settings, in_hand: InHand, *, ahead: bool) -> Fetched:
    """Get the credentials of a profile; what no place takes is then in hand. Raises OidcHelperError."""
    before = dict(in_hand)
    order: _Order = (name, loaded, before, ahead, log.getEffectiveLevel())
    outcome: _Outcome = own_process.ask(__name__, order, timeout_s=loaded.profile(name).deadline_seconds + _REST_S)
    found, after, said = outcome
    for level, text in said:
        log.log(level, "%s", text)
    for entry in before.keys() - after.keys():
        in_hand.pop(entry, None)
    in_hand.update({entry: unkept for entry, unkept in after.items() if before.get(entry) != unkept})
    if isinstance(found, OidcHelperError):
        raise found
    return found


def _fetch(order: _Order, _ours: Streams) -> Iterator[_Outcome]:
    gc.disable()  # as in `get`
    name, loaded, in_hand, ahead, level = order
    said = _Said()
    log.addHandler(_Ear(said))
    log.setLevel(level)
    profile = loaded.profile(name)
    deadline = Deadline(profile.deadline_seconds)
    found: Fetched | OidcHelperError
    try:
        found = fetched(Errand(profile, loaded, deadline, means(profile, loaded, deadline, in_hand)), ahead=ahead)
    except OidcHelperError as error:
        found = error
    yield found, in_hand, said


class _Ear(logging.Handler):
    """Writes down what is said, without secrets."""

    def __init__(self, said: _Said) -> None:
        super().__init__()
        self._said = said

    def emit(self, entry: logging.LogRecord) -> None:
        self._said.append((entry.levelno, without_secrets(entry.getMessage())))


if __name__ == "__main__":
    own_process.do(_fetch)
