"""The user's own settings of the library keyring; light, for the hit path."""

import os
import sys


def exist() -> bool:
    """Whether keyring was configured explicitly; then we never bypass it."""
    if any(name == "PYTHON_KEYRING_BACKEND" or name.startswith("KEYRING_PROPERTY_") for name in os.environ):
        return True
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", os.environ.get("PROGRAMDATA", "."))
        return os.path.exists(os.path.join(base, "Python Keyring", "keyringrc.cfg"))
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return os.path.exists(os.path.join(base, "python_keyring", "keyringrc.cfg"))
