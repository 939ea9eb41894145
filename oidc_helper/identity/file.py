"""Identity tokens that an agent keeps in a file, as Kubernetes and many CI systems do."""

import codecs
from pathlib import Path

from oidc_helper.errors import SignInNeeded
from oidc_helper.settings import Identity

_LARGEST = 1_048_576  # bytes to read at most: a wrong path may name any file
# Editors and PowerShell put a byte order mark before the text.
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def fetch(identity: Identity, _timeout_s: float) -> str | None:
    """The file's text, read each time because agents rotate it; None if there is no file."""
    path = Path(str(identity.path))
    try:
        if path.exists() and not path.is_file():  # a pipe or a device could block for ever
            raise SignInNeeded(f"{path} is not a regular file")
        with path.open("rb") as stream:
            content = stream.read(_LARGEST)
        encoding = next((encoding for mark, encoding in _MARKS.items() if content.startswith(mark)), "ascii")
        text = content.decode(encoding)
        return text.encode("ascii").decode()
    except FileNotFoundError:
        return None
    except UnicodeError:
        raise SignInNeeded(f"{path} does not hold a JWT: it is not text") from None
    except OSError as error:
        raise SignInNeeded(f"{path} cannot be read: {error.strerror}", f"see who may read it: ls -l {path}") from None
