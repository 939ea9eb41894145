"""The container image of `serve`, built and started where there is a program that builds images."""

import shutil
from pathlib import Path

from release.running import Failed, LeftOut, run, tried

_BUILDERS = ("podman", "docker")
_HOME = {"HOME": str(Path.home())}  # where they keep images


def build(tree: Path, wheel: Path, version: str) -> str:
    """Build the image from the wheel, and ask it for its version. Raises LeftOut where nothing builds images."""
    builder = next((found for name in _BUILDERS if (found := shutil.which(name)) and _answers(found)), None)
    if builder is None:
        raise LeftOut(f"needs {' or '.join(_BUILDERS)}, and its service")
    context = wheel.parent.parent
    tag = f"oidc-helper:{version}"
    run(builder, "build", "--tag", tag, "--file", tree / "Containerfile", context, variables=_HOME)
    if (said := run(builder, "run", "--rm", tag, "version", variables=_HOME)) != f"oidc-helper {version}\n":
        raise Failed(f"the image says {said}")
    return f"{tag}, by {Path(builder).name}"


def _answers(builder: str) -> bool:
    return tried(builder, "info", variables=_HOME).returncode == 0
