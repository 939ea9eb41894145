"""Every message that the code can raise, as far as it stands in the source: `…` is what differs from run to run."""

import ast
import re
from collections.abc import Iterator
from functools import cache, cached_property
from itertools import product
from pathlib import Path
from typing import NamedTuple

import oidc_helper
from oidc_helper import errors

ROOT = Path(oidc_helper.__file__).parent
# Functions that make errors, beside the classes -> what they put around their arguments.
_MAKERS = {"unusable": "… {0}", "wrong_file": "…{1}", "_untrusted": "the ID token of … cannot be trusted: …"}
_KINDS = {kind.__name__ for kind in errors.OidcHelperError.__subclasses__()} | {"OidcHelperError"}

Scope = ast.FunctionDef | ast.Module


class Raised(NamedTuple):
    """One place that raises, and one of the messages that it may raise."""

    place: str
    message: str


def messages() -> Iterator[Raised]:
    """All of them, in the order of modules."""
    modules = [_Module(path) for path in sorted(ROOT.rglob("*.py"))]
    kinds = set(_KINDS)
    for _ in range(3):  # kinds of kinds
        kinds |= {name for module in modules for name, base in module.classes if base in kinds}
    for module in modules:
        for scope, call, name in module.calls:
            if name in kinds or name in _MAKERS:
                for message in module.messages(scope, call, name):
                    yield Raised(f"{module.name}:{call.lineno}", message)


class _Module:
    def __init__(self, path: Path) -> None:
        self.name = str(path.relative_to(ROOT))
        self._tree = ast.parse(path.read_text())
        self._functions = {node.name: node for node in ast.walk(self._tree) if isinstance(node, ast.FunctionDef)}

    @property
    def classes(self) -> Iterator[tuple[str, str]]:
        for node in ast.walk(self._tree):
            if isinstance(node, ast.ClassDef):
                yield from ((node.name, base.id) for base in node.bases if isinstance(base, ast.Name))

    @cached_property
    def calls(self) -> list[tuple[Scope, ast.Call, str]]:
        """Calls, with the innermost function around each, and the name that is called."""
        found: dict[ast.Call, Scope] = {}
        scopes: list[Scope] = [self._tree, *self._functions.values()]
        for scope in scopes:
            found.update((node, scope) for node in ast.walk(scope) if isinstance(node, ast.Call))
        named = (
            (scope, call, getattr(call.func, "id", getattr(call.func, "attr", ""))) for call, scope in found.items()
        )
        return [(scope, call, name) for scope, call, name in named if name]

    def messages(self, scope: Scope, call: ast.Call, name: str) -> Iterator[str]:
        if name in _MAKERS:
            form = _MAKERS[name]
            number = re.search(r"\{(\d)\}", form)
            texts = self._texts(scope, call.args[int(number[1])]) if number else {""}
            yield from (form.replace(number[0], text) if number else form for text in texts)
        elif call.args:
            yield from self._texts(scope, call.args[0])

    def _texts(self, scope: Scope, node: ast.expr) -> set[str]:  # noqa: PLR0911  a case for each kind of expression
        """What an expression may be; `…` where that stands nowhere."""
        match node:
            case ast.Constant(value=str(text)):
                return {text}
            case ast.JoinedStr(values=parts):
                return {"".join(texts) for texts in product(*(self._texts(scope, part) for part in parts))}
            case ast.FormattedValue(value=value):
                return self._texts(scope, value)
            case ast.Subscript(value=ast.Name()):
                return {"…"}
            case ast.BinOp(left=left, right=right):
                return {a + b for a in self._texts(scope, left) for b in self._texts(scope, right)}
            case ast.IfExp(body=body, orelse=other):
                return self._texts(scope, body) | self._texts(scope, other)
            case ast.Call(func=ast.Name(id=name)) if name in self._functions:
                function = self._functions[name]
                values = [one.value for one in ast.walk(function) if isinstance(one, ast.Return) and one.value]
                return set().union(*(self._texts(function, value) for value in values)) or {"…"}
            case ast.Name(id=name):
                return set().union(*(self._texts(scope, value) for value in self._values(scope, name))) or {"…"}
        return {"…"}

    def _values(self, scope: Scope, name: str) -> list[ast.expr]:
        """What the name is set to, in the function or else in the module."""
        return _assigned(scope).get(name) or _assigned(self._tree).get(name, [])


@cache
def _assigned(scope: Scope) -> dict[str, list[ast.expr]]:
    """What each name is set to, in the order of the text."""
    values: dict[str, list[ast.expr]] = {}
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                values.setdefault(ast.unparse(target), []).append(node.value)
    return values
