"""Names and meanings of the metrics: asked of the code, so nothing is written down twice."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable, Iterator

from moderation.services import metrics
from moderation.services.operations import exposition


def counted() -> Iterator[tuple[str, str, str]]:
    """Name, labels and meaning of what each process counts."""
    for call in _calls(inspect.getsource(metrics), {"Counter", "Histogram"}):
        name, text = _strings(call.args[:2])
        labels = call.args[2].elts if len(call.args) > 2 and isinstance(call.args[2], ast.List) else []
        kind = _name(call.func)
        suffix = "_total" if kind == "Counter" else ""
        yield name + suffix, ", ".join(f"``{label}``" for label in _strings(labels)), f"{kind}. {text}"


def gauges() -> Iterator[tuple[str, str, str]]:
    """Yield the same of what is read from the database when it is asked for."""
    for call in _calls(inspect.getsource(exposition), {"Gauge"}):
        name, text = _strings(call.args[:2])
        single = isinstance(call.args[2], ast.Dict)
        yield f"moderation_{name}", "" if single else "``process``", f"Gauge. {text}"


def _calls(source: str, names: set[str]) -> Iterator[ast.Call]:
    found = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    yield from sorted((call for call in found if _name(call.func) in names), key=lambda call: call.lineno)


def _strings(expressions: Iterable[ast.expr]) -> list[str]:
    return [str(node.value) for node in expressions if isinstance(node, ast.Constant)]


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
