"""The user's AWS configuration: whether the caller's AWS profile leads back to us."""

import tempfile
from pathlib import Path

from botocore import exceptions
from botocore.configloader import load_config

from oidc_helper.machine import reentry
from robustness.fuzzing.targets import ours

_DIRECTORY = tempfile.TemporaryDirectory(prefix="aws-")
_FILE = Path(_DIRECTORY.name, "config")


def seeds() -> list[bytes]:
    """Circles, long paths, ourselves under several names, and nested sections in place of a name."""
    return [
        b"[profile base]\nsource_profile = base\n",
        b"[profile base]\nsource_profile = a\n[profile a]\nsource_profile = base\n",
        b"[profile base]\nsource_profile =\n  a = b\n[profile a]\ncredential_process = oidc-helper get x\n",
        b"[profile base]\ncredential_process =\n  oidc-helper = get\n",
        b'[profile base]\ncredential_process = "/opt/my tools/oidc-helper" get x\n',
        b"[profile base]\ncredential_process = C:\\tools\\oidc_helper.exe get x\n[default]\nx=1",
        b"[profile base]\nsource_profile = \x1b[2J\n[profile \x1b[2J]\ncredential_process = oidc-helper\n",
        b"".join(b"[profile p%d]\nsource_profile = p%d\n" % (one, one + 1) for one in range(90)),
        b"[profile base",
        b"[profile base]\n\xff = \xfe\n",
    ]


def target(data: bytes) -> None:
    """Following the profiles ends, and never at ourselves."""
    _FILE.write_bytes(data)
    try:
        profiles = load_config(str(_FILE)).get("profiles", {})
    except exceptions.BotoCoreError:
        return  # `aws` words this error
    for start in list(profiles)[:5]:
        with ours() as refused:
            reentry.refuse_cycle(profiles, "analytics", start)
        process = profiles[start].get("credential_process")
        if isinstance(process, str) and process.split(" ")[0] in ("oidc-helper", "/usr/bin/oidc-helper"):
            assert refused
