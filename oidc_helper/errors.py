"""The errors a user can meet: what went wrong, how to mend it, and the exit code; one kind for each next step."""

from collections.abc import Sequence


class _Veiled:
    """A text that never shows a secret when read, whatever a service or a program put into it."""

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = f"_{name}"

    def __get__(self, error: "OidcHelperError", _owner: type) -> str:
        from oidc_helper.redaction import without_secrets

        return without_secrets(getattr(error, self._name))

    def __set__(self, error: "OidcHelperError", text: str) -> None:
        setattr(error, self._name, text)


class OidcHelperError(Exception):
    """A failure; `hint` names the command or setting that mends it, and is empty if there is none.

    `lines` is the message for a terminal, which shows a long one as a list. No text shows a secret: SDKs paste message
    and hint into their own exceptions and logs.
    """

    exit_code = 1
    message = _Veiled()
    hint = _Veiled()

    def __init__(self, message: str, hint: str = "", *, lines: Sequence[str] = ()) -> None:
        super().__init__()  # its arguments would show what `message` veils
        self.message = message
        self.hint = hint
        self._lines = lines

    @property
    def lines(self) -> Sequence[str]:
        """The message as lines."""
        from oidc_helper.redaction import without_secrets

        return [without_secrets(line) for line in self._lines] or [self.message]

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[type["OidcHelperError"], tuple[str, str]]:
        """Pickle it for another process of ours: the kind, and the texts without secrets."""
        return kind_of(self.exit_code), (self.message, self.hint)


class WrongSettings(OidcHelperError):
    """Wrong usage or settings: change the command line or the configuration."""

    exit_code = 2


class SignInNeeded(OidcHelperError):
    """There is no usable proof: sign in, or give the identity source a new token."""

    exit_code = 3


class TryAgain(OidcHelperError):
    """The identity provider, AWS or another process of ours did not answer: the same call may work later."""

    exit_code = 4

    def __init__(self, message: str, hint: str = "", *, never_sent: bool = False, throttled: bool = False) -> None:
        """`never_sent`: no byte of the request left, or the server turned it away unread: it may be sent again.

        `throttled`: the service asks us to wait.
        """
        super().__init__(message, hint)
        self.never_sent = never_sent
        self.throttled = throttled


class Refused(OidcHelperError):
    """The identity provider or AWS said no: trying again will not help."""

    exit_code = 5

    def __init__(self, message: str, hint: str = "", *, code: str = "") -> None:
        """`code`: the service's own name for the refusal."""
        super().__init__(message, hint)
        self.code = code


class StoreUnusable(OidcHelperError):
    """A place that keeps secrets cannot be read or written."""

    exit_code = 6


_KINDS = (OidcHelperError, WrongSettings, SignInNeeded, TryAgain, Refused, StoreUnusable)


def kind_of(exit_code: int) -> type[OidcHelperError]:
    """The kind of error with which another process ended, by its exit code."""
    return next((kind for kind in _KINDS if kind.exit_code == exit_code), OidcHelperError)
