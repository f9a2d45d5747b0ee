"""Tells mypy that resources are no arguments of a task: `plugins = ["redisched.mypy_plugin"]` in its configuration.

For mypy, `Annotated[Database, Resource(make_database)]` is Database and nothing else: it drops the rest before a plugin
could see it. So the annotations of a handler are read from the source once more, and what their names mean is looked up
in mypy's own tables.
"""

import ast
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

from mypy.checker import TypeChecker
from mypy.nodes import FuncDef, MypyFile, SymbolNode, TypeAlias, TypeInfo, Var
from mypy.plugin import MethodContext, Plugin
from mypy.types import ANNOTATED_TYPE_NAMES, CallableType, Instance, Parameters, Type, get_proper_type

REGISTRATIONS = {"redisched.client.scheduler.Scheduler.task", "redisched.client.handler.Decorator.__call__"}
RESOURCE = "redisched.resources.Resource"


class ResourcesPlugin(Plugin):
    """Leaves the resources out of what callers of a handler pass."""

    def get_method_hook(self, fullname: str) -> Callable[[MethodContext], Type] | None:
        """The hook for the methods that register a handler."""
        return _without_resources if fullname in REGISTRATIONS else None


def plugin(_version: str) -> type[Plugin]:
    """The entry point that mypy looks for."""
    return ResourcesPlugin


def _without_resources(context: MethodContext) -> Type:
    handler, checker = get_proper_type(context.default_return_type), context.api
    if not (isinstance(checker, TypeChecker) and context.arg_types[0] and isinstance(handler, Instance)):
        return context.default_return_type
    function = get_proper_type(context.arg_types[0][0])
    parameters = get_proper_type(handler.args[0]) if handler.args else None
    if not (isinstance(function, CallableType) and isinstance(parameters, Parameters)):
        return context.default_return_type
    left_out = set(_Modules(checker).resources_of(function.definition))
    kept = [place for place, name in enumerate(parameters.arg_names) if name not in left_out]
    passed = parameters.copy_modified(
        arg_types=[parameters.arg_types[place] for place in kept],
        arg_kinds=[parameters.arg_kinds[place] for place in kept],
        arg_names=[parameters.arg_names[place] for place in kept],
    )
    return handler.copy_modified(args=[passed, *handler.args[1:]])


class _Modules:
    """Looks up names in the modules that mypy checks."""

    def __init__(self, checker: TypeChecker) -> None:
        self._checker = checker

    def resources_of(self, definition: SymbolNode | None) -> Iterator[str]:
        """The names of the parameters of a function that a worker fills in."""
        if not isinstance(definition, FuncDef):
            return
        module = self._module_of(definition.fullname)
        for function in _source_of(module).functions.get(definition.name, ()):
            first_line = min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
            if first_line <= definition.line <= function.body[0].lineno:
                arguments = function.args
                for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
                    if argument.annotation is not None and self._is_resource(argument.annotation, module):
                        yield argument.arg

    def _is_resource(self, annotation: ast.expr, module: MypyFile) -> bool:
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            return self._is_resource(ast.parse(annotation.value.strip(), mode="eval").body, module)
        if isinstance(annotation, ast.Subscript):
            marked = self._node_of(annotation.value, module)
            if marked is None or marked.fullname not in ANNOTATED_TYPE_NAMES:
                return False
            kind, *more = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
            return any(self._makes_resource(one, module) for one in more) or self._is_resource(kind, module)
        node = self._node_of(annotation, module)
        if not isinstance(node, TypeAlias):
            return False
        home = self._module_of(node.fullname)
        meant = _source_of(home).values.get(node.name)
        return meant is not None and self._is_resource(meant, home)

    def _makes_resource(self, expression: ast.expr, module: MypyFile) -> bool:
        if isinstance(expression, ast.Call):
            node = self._node_of(expression.func, module)
            return isinstance(node, TypeInfo) and node.fullname == RESOURCE
        node = self._node_of(expression, module)
        kind = get_proper_type(node.type) if isinstance(node, Var) else None
        return isinstance(kind, Instance) and kind.type.fullname == RESOURCE

    def _node_of(self, expression: ast.expr, module: MypyFile) -> SymbolNode | None:
        if isinstance(expression, ast.Name):
            found = module.names.get(expression.id)
            return None if found is None else found.node
        if isinstance(expression, ast.Attribute):
            holder = self._node_of(expression.value, module)
            return self._node_of(ast.Name(expression.attr), holder) if isinstance(holder, MypyFile) else None
        return None

    def _module_of(self, fullname: str) -> MypyFile:
        """The module of something; for what is defined within a function, the one that is checked now."""
        while "." in fullname:
            fullname = fullname.rpartition(".")[0]
            if fullname in self._checker.modules:
                return self._checker.modules[fullname]
        return self._checker.tree


class _Source:
    """The functions of a module, and the values that its names are given."""

    def __init__(self, text: str) -> None:
        self.functions: dict[str, list[ast.FunctionDef | ast.AsyncFunctionDef]] = {}
        self.values: dict[str, ast.expr] = {}
        for node in ast.walk(ast.parse(text)):
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    self.functions.setdefault(node.name, []).append(node)
                case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)) if node.value:
                    self.values[name] = node.value
                case _ if type(node).__name__ == "TypeAlias":  # the `type` statement of Python 3.12
                    self.values[node.name.id] = node.value  # type: ignore[attr-defined]


def _source_of(module: MypyFile) -> _Source:
    path = Path(module.path)
    return _read(path, path.stat().st_mtime_ns) if path.is_file() else _Source("")


@lru_cache
def _read(path: Path, _changed_ns: int) -> _Source:
    return _Source(path.read_text(encoding="utf-8"))
