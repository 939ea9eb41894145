"""`PYTHONPATH=tests python -m pictures`: draw what README shows, each picture from a real run on the emulator."""

import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from pictures import scenes
from pictures.drawing import svg

from oidc_helper import kernel

HERE = Path(__file__).parent


def main() -> None:
    with suppress(OSError):
        kernel.join_anonymous_session()  # the keys of the runs end with us
    wanted = sys.argv[1:] or list(scenes.SCENES)
    for name in wanted:
        with tempfile.TemporaryDirectory(prefix="pictures-") as directory:
            shot = scenes.SCENES[name](Path(directory))
        (HERE / f"{name}.svg").write_text(svg(shot.title, shot.rows))
        print(f"{name}.svg")


if __name__ == "__main__":
    main()
