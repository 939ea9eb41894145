"""The kernel keyring refused as container runtimes refuse it: a seccomp filter, for one thread and those it starts."""

import ctypes
import errno
import struct
import threading
from collections.abc import Callable

_SYSCALLS = {"x86_64": (248, 249, 250), "aarch64": (217, 218, 219)}  # add_key, request_key, keyctl
_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 22, 38
_SECCOMP_MODE_FILTER = 2
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06  # linux/bpf_common.h: BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def without_kernel_keyring(work: Callable[[], None], machine: str, refusal: int = errno.EPERM, *which: int) -> None:
    """Do `work` in a thread whose system calls on keys are refused, as `forbid` says; its errors are raised here."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            forbid(machine, refusal, *which)
            work()
        except BaseException as error:  # noqa: BLE001  the caller raises it
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if raised:
        raise raised[0]


def supported(machine: str) -> bool:
    return machine in _SYSCALLS


def forbid(machine: str, refusal: int, *which: int) -> None:
    """A filter of one thread dies with it; without TSYNC the others never see it (seccomp(2)).

    `which` are 0 for add_key, 1 for request_key, 2 for keyctl; none: all of them.
    """
    numbers = [_SYSCALLS[machine][one] for one in which or (0, 1, 2)]
    checks = [(_JUMP_IF_EQUAL, len(numbers) - position, 0, number) for position, number in enumerate(numbers)]
    filtered = [(_LOAD, 0, 0, 0), *checks, (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _ERRNO | refusal)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in filtered))
    program = _Program(len(filtered), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    word = ctypes.c_ulong
    calls = (
        (_PR_SET_NO_NEW_PRIVS, word(1), word(0), word(0), word(0)),
        (_PR_SET_SECCOMP, word(_SECCOMP_MODE_FILTER), ctypes.byref(program)),
    )
    for arguments in calls:
        if libc.prctl(*arguments):
            raise OSError(ctypes.get_errno(), "prctl")
