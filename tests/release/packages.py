"""A Homebrew formula and the skeleton of a Debian package, from the project's metadata and the lock file."""

import re
import textwrap
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from packaging.markers import Marker

# What Homebrew and Debian build themselves, since it is not Python: formulas that bring their Python module.
_FORMULAS = {"certifi": "certifi", "cffi": "cffi", "cryptography": "cryptography", "pycparser": "pycparser"}
_PYTHON = "3.14"
_SYSTEMS = {"darwin": "on_macos", "linux": "on_linux"}
_DEBIAN_NAMES = {"ruamel-yaml": "python3-ruamel.yaml", "ruamel-yaml-clib": "python3-ruamel.yaml.clib"}


@dataclass(frozen=True)
class Subject:
    """What is packaged: the metadata of pyproject.toml, the version, and where its source distribution is."""

    project: Mapping[str, Any]
    version: str
    on: date
    changes: str
    url: str
    sha256: str


def formula(subject: Subject, lock_file: Path) -> str:
    """Ruby: everything that has a formula comes from there, all else as a resource from the lock file."""
    packages = [one for one in tomllib.loads(lock_file.read_text())["packages"] if _systems(one)]
    needed = [formula for name, formula in _FORMULAS.items() if name in {one["name"] for one in packages}]
    resources = [_resource(one) for one in packages if one["name"] not in _FORMULAS and "sdist" in one]
    name = "".join(part.title() for part in subject.project["name"].split("-"))
    return "\n".join(
        [
            f"class {name} < Formula",
            "  include Language::Python::Virtualenv",
            "",
            f'  desc "{_description(subject)}"',
            f'  url "{subject.url}"',
            f'  sha256 "{subject.sha256}"',
            f'  license "{subject.project["license"]}"',
            "",
            *(f'  depends_on "{one}" => :no_linkage' for one in needed),
            f'  depends_on "python@{_PYTHON}"',
            "",
            *resources,
            "  def install",
            "    virtualenv_install_with_resources",
            '    generate_completions_from_executable(bin/"oidc-helper", "completion", shells: [:bash, :zsh, :fish])',
            "  end",
            "",
            "  test do",
            '    assert_match "assumed-role", shell_output("#{bin}/oidc-helper demo")',
            "  end",
            "end",
            "",
        ]
    )


def _description(subject: Subject) -> str:
    text: str = subject.project["description"]
    return text.partition(",")[0]  # Homebrew allows 80 characters, with the name


def _resource(package: Mapping[str, Any]) -> str:
    source = package["sdist"]
    lines = [
        f'  resource "{package["name"]}" do',
        f'    url "{source["url"]}"',
        f'    sha256 "{source["hashes"]["sha256"]}"',
        "  end",
        "",
    ]
    block = "\n".join(lines)
    systems = _systems(package)
    if systems == list(_SYSTEMS):
        return block
    return f"  {_SYSTEMS[systems[0]]} do\n{textwrap.indent(block, '  ').rstrip()}\n  end\n"


def _systems(package: Mapping[str, Any]) -> list[str]:
    """On which of Homebrew's systems its marker holds."""
    if "marker" not in package:
        return list(_SYSTEMS)
    marker = Marker(package["marker"])
    python = {"python_version": _PYTHON, "python_full_version": f"{_PYTHON}.0"}
    return [system for system in _SYSTEMS if marker.evaluate({**python, "sys_platform": system, "os_name": "posix"})]


def debian(subject: Subject) -> dict[str, str]:
    """The files of the folder `debian`, by their paths in it, with Debian's own libraries."""
    name = subject.project["name"]
    built_with = [
        *("debhelper-compat (= 13)", "dh-sequence-python3", "pybuild-plugin-pyproject", "python3-all"),
        *("python3-hatchling (>= 1.27)", *(_debian_requirement(one) for one in subject.project["dependencies"])),
    ]
    when = format_datetime(datetime.combine(subject.on, time(), UTC))
    changes = textwrap.indent(subject.changes, "  ").replace("  - ", "  * ")
    return {
        "changelog": f"{name} ({subject.version}-1) unstable; urgency=medium\n\n{changes}\n\n"
        f" -- Maintainer of the package <maintainer@example.com>  {when}\n",
        "control": "\n".join(
            [
                f"Source: {name}",
                "Section: admin",
                "Priority: optional",
                "Maintainer: Maintainer of the package <maintainer@example.com>",
                "Build-Depends: " + ",\n ".join(built_with),
                "Standards-Version: 4.7.0",
                "Rules-Requires-Root: no",
                "",
                f"Package: {name}",
                "Architecture: all",
                "Depends: ${misc:Depends}, ${python3:Depends}",
                "Recommends: gnome-keyring | keepassxc",
                f"Description: {_description(subject)}",
                *textwrap.wrap(subject.project["description"], 76, initial_indent=" ", subsequent_indent=" "),
                "",
            ]
        ),
        "copyright": "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
        f"Upstream-Name: {name}\n\n"
        f"Files: *\nCopyright: the contributors of {name}\nLicense: {subject.project['license']}\n"
        " On Debian systems, the text is in /usr/share/common-licenses/Apache-2.0.\n",
        "rules": "#!/usr/bin/make -f\nexport PYBUILD_DISABLE=test\n\n%:\n\tdh $@ --buildsystem=pybuild\n",
        "source/format": "3.0 (quilt)\n",
        "tests/control": f"Test-Command: {name} demo\nRestrictions: superficial\n",
    }


def _debian_requirement(requirement: str) -> str:
    found = re.fullmatch(r"([\w.-]+)>=([\d.]+)(?:; sys_platform == 'linux')?", requirement)
    assert found, requirement
    name = re.sub(r"[._]+", "-", found[1].lower())
    return f"{_DEBIAN_NAMES.get(name, f'python3-{name}')} (>= {found[2]})"


def write_debian(subject: Subject, to: Path) -> None:
    """Write them, `rules` as a program."""
    for name, text in debian(subject).items():
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        (to / name).write_text(text)
    (to / "rules").chmod(0o755)
