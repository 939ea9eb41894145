"""The console entry: if a cached record can be served, `get PROFILE` is one write and `exec PROFILE` one execve.

Anything else goes to cli.

Every process that uses an SDK starts one of ours: the imports here decide the product's speed; a test pins their list.
"""

import os
import sys
import time

_LIBRARIES = "LD_LIBRARY_PATH"
_PATIENCE_S = 5  # with a reader whose pipe is full
_PIECE = 4_096  # bytes; a pipe that polls as writable has room for them: PIPE_BUF in pipe(7)


def _forget_pythonpath() -> None:
    """Remove the caller's PYTHONPATH from sys.path: a json.py found there must not run with our secrets.

    An empty or relative entry means the caller's working directory, which may hold anything. The interpreter's own
    directories stay even if PYTHONPATH lists them: sys.path has them once, and the standard library is there.
    """
    path = os.environ.get("PYTHONPATH")
    if not path:
        return
    foreign = {os.path.abspath(entry) for entry in path.split(os.pathsep)}
    foreign -= {os.path.dirname(os.path.dirname(os.path.abspath(__file__))), *_directories_of_python()}
    sys.path[:] = [entry for entry in sys.path if entry not in foreign]


def _directories_of_python() -> list[str]:
    """The directories of the standard library, its compiled modules and installed packages, as sys.path spells them."""
    library = os.path.dirname(os.__file__)
    beside = os.path.join(sys.base_exec_prefix, sys.platlibdir, os.path.basename(library))
    packages = sys.modules["site"].getsitepackages() if "site" in sys.modules else []
    return [library, os.path.join(library, "lib-dynload"), os.path.join(beside, "lib-dynload"), *packages]


def _leave_bundle() -> bool:
    """Undo what a caller built with PyInstaller did to LD_LIBRARY_PATH; returns whether there was anything to undo.

    The bundled libraries are for that program only: a browser, which inherits our environment, may not start with them.
    """
    before = os.environ.get(_LIBRARIES)
    if not before:
        return False
    original = os.environ.get(f"{_LIBRARIES}_ORIG", before)  # PyInstaller's name for it
    after = os.pathsep.join(entry for entry in original.split(os.pathsep) if not _is_bundle(entry))
    if after:
        os.environ[_LIBRARIES] = after
    else:
        del os.environ[_LIBRARIES]
    return after != before


def _is_bundle(directory: str) -> bool:
    """Whether PyInstaller put libraries there: every bundle has this archive, a temporary one also this prefix."""
    is_temporary = os.path.basename(directory).startswith("_MEI")
    return is_temporary or os.path.exists(os.path.join(directory, "base_library.zip"))


def _start_over() -> None:
    """Run the same command again in the environment as it is now; returns only if that fails.

    LD_LIBRARY_PATH counts only when a process starts.
    """
    try:
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  # no shell is needed
    except OSError:
        return


_forget_pythonpath()  # before we import anything but the frozen os and the built-in sys and time

try:
    from oidc_helper import kernel, names, paths, record
except ImportError:  # for example, ctypes loads another libffi than its own
    if _leave_bundle() or os.environ.pop(_LIBRARIES, ""):
        _start_over()
    raise


def main() -> None:
    """Answer and exit; never returns."""
    _forbid_core_dumps()
    has_foreign_libraries = _leave_bundle()
    words = sys.argv[1:]
    if profile := _profile(words):
        _answer(profile)
    elif program := _program(words):
        _become(program, words[1])
    if has_foreign_libraries:  # the full program loads many libraries, such as OpenSSL
        _start_over()
    import gc
    import signal

    if sys.platform != "win32":
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # if the caller ignores it, every child seems to succeed
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # Until there is something to clean up, ctrl-c ends us without a traceback.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    gc.disable()  # until everything is loaded: all of it stays, and scanning it would take a tenth of the time
    from oidc_helper.cli.main import main as full_program

    full_program()


def _forbid_core_dumps() -> None:
    """Keep secrets out of core dumps; children inherit the limit, and may raise it again."""
    if sys.platform == "win32":
        return
    import resource

    _, hard_limit = resource.getrlimit(resource.RLIMIT_CORE)
    # No core file fits into one byte, and at exactly this limit Linux pipes nothing to a collector (core(5)), though it
    # does at 0.
    soft_limit = 1 if hard_limit == resource.RLIM_INFINITY else min(1, hard_limit)
    resource.setrlimit(resource.RLIMIT_CORE, (soft_limit, hard_limit))


def _answer(profile: str) -> None:
    """Print the cached credentials and exit; returns if there are none to serve."""
    cached = _cached(profile)
    if not cached:
        return
    status = _print(cached.body)
    if cached.due(time.time()):
        from oidc_helper.machine import renewal

        renewal.start(profile)
    os._exit(status)


def _become(program: list[str], profile: str) -> None:
    """Become the program, with the cached credentials; returns if there are none to serve, or no such program."""
    cached = _cached(profile)
    if not cached:
        return
    from oidc_helper.handover import hit

    if cached.due(time.time()):
        from oidc_helper.machine import renewal

        renewal.start(profile, as_child=False)
    hit.become(program, profile, cached.body, cached.region)


def _profile(words: list[str]) -> str | None:
    """The profile in `get PROFILE`; applies a `--config` before, between or after those words.

    None for any other command line: argparse reads those, and would read these in the same way.
    """
    config, others, rest = "", [], iter(words)
    for word in rest:
        if word != "--config" and not word.startswith("--config="):
            others.append(word)
            continue
        config = next(rest, "") if word == "--config" else word.removeprefix("--config=")
        if not config or config.startswith("-"):
            return None
    if len(others) != 2 or others[0] != "get" or others[1].startswith("-"):
        return None
    if config:
        os.environ[paths.CONFIG_VARIABLE] = config
    return others[1]


def _program(words: list[str]) -> list[str]:
    """The program and its arguments in `exec PROFILE [--] PROGRAM ...` without options of ours.

    Empty for any other command line: argparse reads those, and would read these in the same way.
    """
    if len(words) < 3 or words[0] != "exec" or words[1].startswith("-"):
        return []
    if words[2] == "--":
        return words[3:]
    return [] if words[2].startswith("-") else words[2:]


def _cached(profile: str) -> record.Record | None:
    """The cached record, if it can be served for the profile."""
    if sys.platform != "linux":
        return None
    try:
        entry = names.entry_name("credentials", profile)
        stored = kernel.read(entry)
        if not stored:
            from oidc_helper.store import hit

            stored = hit.read(entry)
        cached = record.parse(stored) if stored else None
        if cached and _serves(cached, entry, now=time.time(), stamp=paths.config_stamp(paths.config_files())):
            return cached
    except (OSError, ValueError):
        return None  # the full program says what is wrong
    return None


def _serves(cached: record.Record, entry: str, *, now: float, stamp: str) -> bool:
    if cached.fresh(now=now, stamp=stamp):
        return True
    if not cached.spare(now=now, stamp=stamp):
        return False
    from oidc_helper.machine import pause

    return pause.lasts(entry, now)


def _print(answer: bytes) -> int:
    left = answer + b"\n"
    try:
        while left:
            if not _has_room(1, _PATIENCE_S):
                return _unwritten("nobody reads it")
            left = left[os.write(1, left[:_PIECE]) :]
    except BrokenPipeError:  # the caller has gone
        return 1
    except OSError as error:
        return _unwritten(str(error.strerror))
    return 0


def _has_room(descriptor: int, patience_s: int) -> bool:
    if sys.platform == "win32":  # Windows has neither poll nor hits
        return True
    import select

    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(patience_s * 1_000))


def _unwritten(reason: str) -> int:
    """Report an unwritten answer as the full program does, if stderr takes it; returns the exit code."""
    message = f"oidc-helper: the answer cannot be written: {reason}\nhint: check where standard output goes\n"
    try:
        if _has_room(2, 0):
            os.write(2, message.encode())
    except OSError:  # stderr has no reader either
        pass
    return 1
