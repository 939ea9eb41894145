"""What the user has told the library keyring; light, for the hit path."""

import os
import sys


def keyring_is_told() -> bool:
    """Whether the user has told the library keyring what to use: it is then asked, and nothing is done in its place."""
    if any(name == "PYTHON_KEYRING_BACKEND" or name.startswith("KEYRING_PROPERTY_") for name in os.environ):
        return True
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", os.environ.get("PROGRAMDATA", "."))
        return os.path.exists(os.path.join(base, "Python Keyring", "keyringrc.cfg"))
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return os.path.exists(os.path.join(base, "python_keyring", "keyringrc.cfg"))
