"""Five hundred accounts with four permission sets each."""

import subprocess
import sys
import tomllib

from profiles.conftest import Site

from oidc_helper.emulator.organization import enlarge

# Tells which files a hit opens.
_WATCHED = """
import sys
sys.addaudithook(lambda event, values: event == "open" and sys.stderr.write(f"{values[0]}\\n"))
from oidc_helper.hotpath import main
main()
"""


# At AWS's pace the two listings would wait for 50 s.
_HURRIED = "from oidc_helper.aws import portal_listing; portal_listing._CALLS_PER_S = 1_000"


def test_two_thousand_profiles(site: Site) -> None:
    """They are written once, load, change nothing else, and no hit reads any of it."""
    enlarge(site.emulator.directory, 500, 4)
    site.home.customize = site.home.path / "hurried.py"
    site.home.customize.write_text(_HURRIED)
    before, sections = site.files(), site.sections()
    assert site.run("--write").stdout.startswith("profiles: 2003 made\n")

    written = site.files()
    assert all(new.startswith(old) for new, old in zip(written, before, strict=True))
    assert len(tomllib.loads(written[0].decode())["profile"]) == 1 + 2003
    assert {name: values for name, values in site.sections().items() if name in sections} == sections
    assert len(site.sections()) == len(sections) + 2003

    assert site.run("--diff").stdout == ""

    site.home.get("workload-0500-Developer")
    hit = subprocess.run(
        [sys.executable, "-c", _WATCHED, "get", "workload-0500-Developer"],
        env=site.home.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(site.home.config) not in hit.stderr
    assert "AccessKeyId" in hit.stdout
