"""Who owns a file on Windows: a site's settings must belong to an administrator, or to the interpreter's owner."""

import ctypes
import sys
from ctypes import wintypes
from pathlib import Path

# Well-known SIDs: the system itself, the administrators, and the service that installs Windows.
_TRUSTED = {
    "S-1-5-18",
    "S-1-5-32-544",
    "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",
}
_FILE_OBJECT = 1  # SE_FILE_OBJECT in accctrl.h
_OWNER = 1  # OWNER_SECURITY_INFORMATION in winnt.h


def unofficial_place(path: str) -> tuple[Path, str] | None:
    """The directory of a file, or the file, if it belongs to somebody we do not trust, and the owner's SID.

    Any user may create a directory or a file below %ProgramData%, but becomes its owner. Raises OSError.
    """
    file = Path(path)
    file.lstat()  # raises if there is none
    trusted = {*_TRUSTED, owner(sys.executable)}
    owners = ((place, owner(str(place))) for place in (file.parent, file))
    return next(((place, sid) for place, sid in owners if sid not in trusted), None)


if sys.platform == "win32":

    def owner(path: str) -> str:
        """The SID of the owner, as text. Raises OSError."""
        security, system = ctypes.WinDLL("advapi32", use_last_error=True), ctypes.WinDLL("kernel32")
        security.GetNamedSecurityInfoW.argtypes = [
            *(wintypes.LPCWSTR, ctypes.c_int, wintypes.DWORD),
            *[ctypes.POINTER(ctypes.c_void_p)] * 5,
        ]
        security.GetNamedSecurityInfoW.restype = wintypes.DWORD
        security.ConvertSidToStringSidW.argtypes = [ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p)]
        system.LocalFree.argtypes = [ctypes.c_void_p]
        sid, descriptor, text = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
        try:
            failed = security.GetNamedSecurityInfoW(
                path, _FILE_OBJECT, _OWNER, ctypes.byref(sid), None, None, None, ctypes.byref(descriptor)
            )
            if failed:
                raise ctypes.WinError(failed)
            if not security.ConvertSidToStringSidW(sid, ctypes.byref(text)):
                raise ctypes.WinError(ctypes.get_last_error())
            return ctypes.wstring_at(text.value or 0)
        finally:
            system.LocalFree(text)  # null is freed too
            system.LocalFree(descriptor)

else:

    def owner(path: str) -> str:
        """Never called on other systems."""
        raise NotImplementedError(path)
