"""Identity tokens that an agent keeps in a file, as Kubernetes and many CI systems do."""

from pathlib import Path

from oidc_helper.errors import SignInNeeded
from oidc_helper.settings import Identity

_LARGEST = 1_048_576  # bytes to read at most: a wrong path may name anything


def fetch(identity: Identity, _timeout_s: float) -> str | None:
    """The file's text, read anew each time since agents rotate it; None where there is no file."""
    path = Path(str(identity.path))
    try:
        if path.exists() and not path.is_file():  # a pipe or a device could block for ever
            raise SignInNeeded(f"{path} is not a regular file")
        with path.open("rb") as stream:
            return stream.read(_LARGEST).decode("ascii")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise SignInNeeded(f"{path} does not hold a JWT: it is not text") from None
    except OSError as error:
        raise SignInNeeded(f"{path} cannot be read: {error.strerror}", f"see who may read it: ls -l {path}") from None
