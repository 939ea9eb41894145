"""A forked process under ptrace(2): each system call that changes anything is recorded, and can be killed or fail.

strace counts the calls of each thread separately, but our process writes its records in several threads.
"""

import ctypes
import os
import platform
import signal
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from robustness.crashes.harms import ERRORS, KILL, NEW, OPENING, Harm

# By machine, from the kernel's tables; arm64 has only the calls that end in "at".
_TABLES = {
    "x86_64": """
        write 1 open 2 pwrite64 18 writev 20 connect 42 sendto 44 sendmsg 46 flock 73 fsync 74 fdatasync 75 truncate 76
        ftruncate 77 rename 82 mkdir 83 rmdir 84 creat 85 link 86 unlink 87 symlink 88 chmod 90 fchmod 91 add_key 248
        keyctl 250 openat 257 mkdirat 258 unlinkat 263 renameat 264 linkat 265 symlinkat 266 fchmodat 268 utimensat 280
        sendmmsg 307 renameat2 316
    """,
    "aarch64": """
        flock 32 mkdirat 34 unlinkat 35 symlinkat 36 linkat 37 renameat 38 truncate 45 ftruncate 46 fchmod 52
        fchmodat 53 openat 56 write 64 writev 66 pwrite64 68 fsync 82 fdatasync 83 utimensat 88 connect 203 sendto 206
        sendmsg 211 add_key 217 keyctl 219 sendmmsg 269 renameat2 276
    """,
}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_ONLY_LOOKING = (6, 10, 11)  # keyctl(2): describe, search, read
# The index of the argument that is the call's path; and the calls whose first argument is a file descriptor.
_PATHS = {"open": 0, "creat": 0, "unlink": 0, "mkdir": 0, "rename": 1, "openat": 1, "mkdirat": 1, "unlinkat": 1}
_PATHS |= {"renameat": 3, "renameat2": 3}
_OF_A_FILE = {"write", "pwrite64", "writev", "fsync", "fdatasync"}

# linux/ptrace.h, linux/wait.h, linux/seccomp.h, linux/prctl.h
_TRACEME, _POKE_USER, _CONT, _SETOPTIONS, _GET_SYSCALL_INFO = 0, 6, 7, 0x4200, 0x420E
_TRACE_FORK, _TRACE_VFORK, _TRACE_CLONE, _TRACE_EXEC, _TRACE_SECCOMP, _EXITKILL = 2, 4, 8, 16, 128, 0x100000
_EVENT_EXEC, _EVENT_SECCOMP = 4, 7
_WALL = 0x40000000
_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _SECCOMP_MODE_FILTER = 22, 38, 2
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _TRACE = 0x7FFF0000, 0x7FF00000
_INFO = struct.Struct("=B3xI2Q7Q")  # ptrace_syscall_info: op, arch, two pointers, the call's number, six arguments
# The offsets of the call's number and its answer in `struct user`.
_REGISTERS = {"x86_64": (120, 80)}


@dataclass
class Trace:
    """The calls of a process that change anything, by name and path, and its wait status.

    `started` has the arguments and variables of every program that it started.
    """

    calls: list[str] = field(default_factory=list)
    started: list[str] = field(default_factory=list)
    status: int = 0

    @property
    def killed(self) -> bool:
        return os.WIFSIGNALED(self.status) and os.WTERMSIG(self.status) == signal.SIGKILL


def obstacle(kind: str = KILL) -> str:
    """What this machine lacks for that harm; empty if it lacks nothing."""
    if platform.machine() not in (_TABLES if kind == KILL else _REGISTERS) or platform.system() != "Linux":
        return "Linux on x86-64 or arm64" if kind == KILL else "Linux on x86-64"
    try:
        traced(lambda: None)
    except OSError:
        return "a kernel and sandbox that allow ptrace"
    return ""


def traced(run: Callable[[], None], harm: Harm | None = None) -> Trace:
    """Fork, call `run` in the child, let the harm happen to it, and wait for all its processes.

    The calling process must have no other children and no threads. Raises OSError.
    """
    words = _TABLES[platform.machine()].split()
    numbers = dict(zip(map(int, words[1::2]), words[::2], strict=True))
    pid = os.fork()
    if pid == 0:
        try:
            _be_traced(tuple(numbers))
            run()
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    options = _TRACE_FORK | _TRACE_VFORK | _TRACE_CLONE | _TRACE_EXEC | _TRACE_SECCOMP | _EXITKILL
    _ptrace(_SETOPTIONS, pid, 0, options)
    _ptrace(_CONT, pid, 0, 0)
    trace = Trace()
    for thread, status in _stops():
        if thread == pid and not os.WIFSTOPPED(status):
            trace.status = status
        if not os.WIFSTOPPED(status):
            continue
        event, received = status >> 16, os.WSTOPSIG(status)
        call = _described(thread, numbers) if event == _EVENT_SECCOMP else ""
        if call:
            trace.calls.append(call)
            if harm and harm.kind == KILL and len(trace.calls) == harm.at:
                os.kill(pid, signal.SIGKILL)  # the call is not made any more, unless another process makes it
            elif harm and harm.at <= len(trace.calls) and harm.fails(call) and _is_of(thread, pid):
                _refuse(thread, ERRORS[harm.kind])
        if event == _EVENT_EXEC:
            trace.started.append(_shown(thread))
        passed_on = 0 if event or received in (signal.SIGSTOP, signal.SIGTRAP) else received
        with suppress(ProcessLookupError):  # it has been killed
            _ptrace(_CONT, thread, 0, passed_on)
    return trace


def _stops() -> Iterator[tuple[int, int]]:
    with suppress(ChildProcessError):
        while True:
            yield os.waitpid(-1, _WALL)


def _described(thread: int, numbers: dict[int, str]) -> str:
    """The call that the thread is about to make; empty if it changes nothing."""
    buffer = ctypes.create_string_buffer(_INFO.size + 8)
    _ptrace(_GET_SYSCALL_INFO, thread, len(buffer), ctypes.addressof(buffer))
    fields = _INFO.unpack_from(buffer)
    name, arguments = numbers[fields[4]], fields[5:]
    flags = {"open": 1, "openat": 2}.get(name)
    if flags is not None and not arguments[flags] & _WRITING:
        return ""
    if name == "keyctl":
        return "" if arguments[0] in _ONLY_LOOKING else f"keyctl {arguments[0]}"
    path = _text_at(thread, arguments[_PATHS[name]]) if name in _PATHS else ""
    if name in _OF_A_FILE:
        with suppress(OSError):
            path = str(Path(f"/proc/{thread}/fd/{arguments[0]}").readlink())
    is_new = name in OPENING and not os.path.lexists(path)
    return "" if path == os.devnull else f"{name} {path}{NEW if is_new else ''}".rstrip()


def _is_of(thread: int, process: int) -> bool:
    """Whether the thread is ours: the browser's calls must not fail."""
    return Path(f"/proc/{process}/task/{thread}").exists()


def _refuse(thread: int, number: int) -> None:
    """Skip the call that is about to be made: it answers with that error."""
    call, answer = _REGISTERS[platform.machine()]
    _ptrace(_POKE_USER, thread, call, -1)
    _ptrace(_POKE_USER, thread, answer, -number)


def _shown(process: int) -> str:
    parts = [Path(f"/proc/{process}/{name}").read_bytes() for name in ("cmdline", "environ")]
    return b"\n".join(parts).decode("utf-8", "replace")


def _text_at(thread: int, address: int) -> str:
    with suppress(OSError), Path(f"/proc/{thread}/mem").open("rb", buffering=0) as memory:
        memory.seek(address)
        return memory.read(4096).partition(b"\0")[0].decode("utf-8", "replace")
    return ""


def _be_traced(numbers: tuple[int, ...]) -> None:
    """Stop for the tracer, and from then on at those calls only: stopping at every call would take seconds."""
    _ptrace(_TRACEME, 0, 0, 0)
    os.kill(os.getpid(), signal.SIGSTOP)
    checks = [(_JUMP_IF_EQUAL, len(numbers) - position, 0, number) for position, number in enumerate(numbers)]
    program = [(_LOAD, 0, 0, 0), *checks, (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _TRACE)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in program))
    filtered = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(program), ctypes.addressof(code)))
    _checked(_LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _checked(_LIBC.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, filtered))


def _ptrace(request: int, thread: int, address: int, data: int) -> None:
    words = (ctypes.c_long(request), ctypes.c_long(thread), ctypes.c_void_p(address), ctypes.c_void_p(data))
    _checked(_LIBC.ptrace(*words))


def _checked(answer: int) -> None:
    if answer == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.ptrace.restype = ctypes.c_long
