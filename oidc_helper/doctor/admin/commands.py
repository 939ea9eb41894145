"""Write the `aws` commands that mend what is broken, quoted for a POSIX shell or for PowerShell."""

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_PLAIN = re.compile(r"[\w@%+=:,./-]+")
# PowerShell before 7.3 passes quotation marks to programs only if they are escaped with a backslash; newer versions do
# the same with this setting.
_LEGACY = "$PSNativeCommandArgumentPassing = 'Legacy'"
_MARK = "\0"  # encloses the name of a variable in a text


@dataclass(frozen=True)
class Shell:
    """How to write commands: the AWS profile that signs them, and the shell that runs them."""

    aws_profile: str = ""
    powershell: bool = False

    def aws(self, service: str, operation: str, /, *, region: str = "", **options: Any) -> str:
        """A command of the AWS CLI. An option is a text, a list of words, a mapping for JSON, or True for a switch.

        An underscore in the name of an option becomes a dash.
        """
        words = ["aws", service, operation]
        for name, value in options.items():
            words.append(f"--{name.strip('_').replace('_', '-')}")
            if isinstance(value, Mapping):
                words.append(json.dumps(value, separators=(",", ":"), ensure_ascii=False).replace("\\u0000", _MARK))
            elif isinstance(value, Sequence) and not isinstance(value, str):
                words += value
            elif value is not True:
                words.append(str(value))
        words += ["--region", region] if region else []
        words += ["--profile", self.aws_profile] if self.aws_profile else []
        command = " ".join(map(self._quoted, words))
        return f"{_LEGACY}\n{command}" if self.powershell and '"' in "".join(words) else command

    @staticmethod
    def variable(name: str) -> str:
        """A placeholder for the value of a shell variable, in the text of an option or within its JSON."""
        return f"{_MARK}{name}{_MARK}"

    def keeping(self, name: str, command: str, member: str) -> str:
        """The command, with that member of its answer assigned to a shell variable."""
        prefix, _, line = command.rpartition("\n")
        query = f"{line} --query {member} --output text"
        return "\n".join([prefix, f"${name} = {query}"]).lstrip() if self.powershell else f"{name}=$({query})"

    def _quoted(self, word: str) -> str:
        parts = [self._literal(part) if index % 2 == 0 else part for index, part in enumerate(word.split(_MARK))]
        if len(parts) == 1:
            return parts[0]
        joined = [part if index % 2 == 0 else f"${part}" for index, part in enumerate(parts)]
        if self.powershell:
            return f"({'+'.join(joined)})"
        return "".join(part if index % 2 == 0 else f'"{part}"' for index, part in enumerate(joined))

    def _literal(self, text: str) -> str:
        if _PLAIN.fullmatch(text):
            return text
        if not self.powershell:
            return shlex.quote(text)
        return "'" + text.replace('"', '\\"').replace("'", "''") + "'"
