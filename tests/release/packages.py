"""A Homebrew formula and the skeleton of a Debian package, from the project's metadata and the lock file."""

import re
import textwrap
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from packaging.markers import Marker
from release.running import Failed

# What Homebrew and Debian build themselves, since it is not Python: formulas that bring their Python module.
_FORMULAS = {"certifi": "certifi", "cffi": "cffi", "cryptography": "cryptography", "pycparser": "pycparser"}
_PYTHON = "3.13"  # socksio cannot be built from source with a newer one
_SYSTEMS = {"darwin": "on_macos", "linux": "on_linux"}
_DEBIAN_NAMES = {"ruamel-yaml": "python3-ruamel.yaml", "ruamel-yaml-clib": "python3-ruamel.yaml.clib"}
_RULES = """\
#!/usr/bin/make -f
export PYBUILD_DISABLE=test

%:
	dh $@ --buildsystem=pybuild

# Its import of re takes longer than an answer from the cache.
execute_after_dh_auto_install:
	sed -i -e '/^import re$$/d' -e '/re\\.sub/d' debian/*/usr/bin/*
"""


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
    """Ruby: all that has a formula comes from there, everything else is a resource of the lock file. Raises Failed."""
    packages = [one for one in tomllib.loads(lock_file.read_text())["packages"] if _systems(one)]
    needed = [formula for name, formula in _FORMULAS.items() if name in {one["name"] for one in packages}]
    resources = [_resource(one) for one in packages if one["name"] not in _FORMULAS]
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
    source = package.get("sdist")
    if source is None:
        raise Failed(f"{package['name']} has no source distribution, which a formula of Homebrew needs")
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
    """The files of the folder `debian`, by their paths in it, with Debian's own libraries.

    Each dependency is named: what dh_python3 does not know yet, it leaves out without a word.
    """
    project, name = subject.project, subject.project["name"]
    when = format_datetime(datetime.combine(subject.on, time(), UTC))
    return {
        "changelog": f"{name} ({subject.version}-1) unstable; urgency=medium\n\n{_debian_changes(subject)}\n\n"
        f" -- Maintainer of the package <maintainer@example.com>  {when}\n",
        "control": "\n".join(
            [
                f"Source: {name}",
                "Section: admin",
                "Priority: optional",
                "Maintainer: Maintainer of the package <maintainer@example.com>",
                "Build-Depends: debhelper-compat (= 13),",
                " dh-sequence-python3,",
                " pybuild-plugin-pyproject,",
                " python3-all,",
                " python3-hatchling (>= 1.27)",
                "Standards-Version: 4.7.0",
                "Rules-Requires-Root: no",
                "",
                f"Package: {name}",
                "Architecture: all",
                f"Depends: {_debian_list(['${misc:Depends}', '${python3:Depends}'], project['dependencies'])}",
                "Recommends: gnome-keyring | keepassxc",
                f"Suggests: {_debian_list([], project['optional-dependencies']['serve'])}",
                f"Description: {_description(subject)}",
                *textwrap.wrap(project["description"], 76, initial_indent=" ", subsequent_indent=" "),
                "",
            ]
        ),
        "copyright": "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
        f"Upstream-Name: {name}\n\n"
        f"Files: *\nCopyright: {subject.on.year} the contributors of {name}\nLicense: {project['license']}\n"
        " On Debian systems, the text is in /usr/share/common-licenses/Apache-2.0.\n",
        "rules": _RULES,
        "source/format": "3.0 (quilt)\n",
        "tests/control": f"Test-Command: {name} demo\nRestrictions: superficial\n",
    }


def _debian_changes(subject: Subject) -> str:
    """The changes in lines as Debian wants them."""
    items = [" ".join(item.split()) for item in re.split(r"^- ", subject.changes, flags=re.MULTILINE) if item]
    whole = textwrap.TextWrapper(78, initial_indent="  * ", subsequent_indent="    ", break_on_hyphens=False)
    return "\n".join(whole.fill(item) for item in items)


def _debian_list(names: Sequence[str], requirements: Sequence[str]) -> str:
    return ",\n ".join([*names, *(_debian_requirement(one) for one in requirements)])


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
