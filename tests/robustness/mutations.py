"""Mutations: statements that break one promise of the code, run before a command. The harnesses must notice each."""

from pathlib import Path

# Without it, a leak is hidden by the last line of defence.
_NO_REDACTOR = """
from oidc_helper import redaction
from oidc_helper.cli import voice
redaction.without_secrets = voice.without_secrets = str
"""
# Name -> statements, executed where `oidc_helper` can be imported.
MUTATIONS = {
    "nobody locks": """
from oidc_helper.machine import flock, socket_lock
flock.try_exclusive = lambda descriptor: True
def refuse(name):
    raise OSError("no socket names")
socket_lock.try_exclusive = refuse
""",
    "the index is written in place": """
from oidc_helper.machine import private_files
def replace(name, text, *, spare=False):
    with open(private_files.directory(spare=spare) / name, "w") as file:
        for part in (text[:100], text[100:]):
            file.write(part)
            file.flush()
private_files.replace = replace
""",
    "the header goes before the parts": """
from oidc_helper.store import parts
true_put = parts.put
def put(vault, entry, text):
    line = parts._line(text)
    if vault.limit and len(line) > vault.limit:
        slot = parts._slot_in_use(vault.get(entry)) or "A"
        vault.set(entry, parts._header(slot, -(-len(line) // vault.limit), line))
    true_put(vault, entry, text)
parts.put = put
""",
    "a record is written before its name": """
from oidc_helper.store import in_kernel, notes, parts
true_note, true_put, true_write, later = notes.write, parts.put, in_kernel.kernel.write, []
def note(entry, noted):
    later.append((entry, noted))
def after(write):
    def written(*arguments):
        write(*arguments)
        while later:
            true_note(*later.pop())
    return written
notes.write, parts.put, in_kernel.kernel.write = note, after(true_put), after(true_write)
""",
    "the keyring is not listed": """
from oidc_helper import kernel
kernel.names = list
""",
    "an answer must be kept": """
from oidc_helper.fetch import broker, work
broker.save_or_warn = work.save_or_warn = lambda put: put()
""",
    "the trace shows answers": _NO_REDACTOR
    + """
import logging
from oidc_helper.aws import client
true_create_token = client.Aws.create_token
def create_token(self, caller, parameters, **more):
    answer = true_create_token(self, caller, parameters, **more)
    logging.getLogger("oidc_helper.aws.client").debug("%s", answer)
    return answer
client.Aws.create_token = create_token
""",
    "tracebacks show locals": _NO_REDACTOR
    + """
from oidc_helper.cli import main
import traceback
def format_tb(trace):
    return traceback.TracebackException(Exception, Exception(), trace, capture_locals=True).format()
main.traceback = type("", (), {"format_tb": staticmethod(format_tb)})
""",
    "a bug has secrets at hand": """
from oidc_helper.aws import tokens
def from_answer(before, answer, **_):
    at_hand = dict(answer)
    raise ZeroDivisionError(at_hand)
tokens.from_answer = from_answer
""",
    "services are quoted word for word": _NO_REDACTOR,
    "files are for everybody": """
from oidc_helper.machine import private_files
private_files._FILE_MODE, private_files._DIRECTORY_MODE = 0o644, 0o755
""",
    "other users of the session may read keys": """
from oidc_helper import kernel
kernel._OF_THE_USER = 0x3F3F0000
""",
    "cores are dumped": """
from oidc_helper import hotpath
hotpath._forbid_core_dumps = lambda: None
""",
}


def mutated(directory: Path, mutation: str) -> dict[str, str]:
    """The variables that make a command run a mutation first."""
    directory.mkdir(exist_ok=True)
    (directory / "sitecustomize.py").write_text(MUTATIONS[mutation])
    return {"PYTHONPATH": str(directory)}
