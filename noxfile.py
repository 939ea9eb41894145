"""What developers run, each in its own environment: `nox -s quick` while working, `nox` before a change lands."""

from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|venv"
nox.options.sessions = ["lint", "tests"]

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]


def install(session: nox.Session, group: str) -> None:
    """Install the package, and a dependency group in a way that works with older pips too."""
    session.install(".", *nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), group))


@nox.session
def quick(session: nox.Session) -> None:
    """Run all tests but the slow ones, in a few minutes."""
    install(session, "test")
    session.run("pytest", "-m", "not slow", *session.posargs)


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run all tests, with each Python that is installed."""
    install(session, "test")
    session.run("pytest", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, types and workflows."""
    install(session, "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    workflows = sorted(str(path) for path in Path(".github/workflows").iterdir())
    session.run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)


@nox.session
def coverage(session: nox.Session) -> None:
    """Measure the lines and branches that the tests reach, also in the processes that they start."""
    install(session, "coverage")
    session.run("coverage", "erase")
    # Measuring makes a few tests fail: those of imports, and of full disks.
    session.run("coverage", "run", "-m", "pytest", *session.posargs, success_codes=[0, 1])
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "report", "--skip-covered")


@nox.session
def release(session: nox.Session) -> None:
    """Make a release, up to the tag to push; `-- --rehearse` commits nothing."""
    install(session, "release")
    session.run("python", "-m", "release", *session.posargs, env={"PYTHONPATH": "tests"})
