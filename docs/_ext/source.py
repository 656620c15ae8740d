"""What the source says of itself: the string that stands below an attribute, and the default beside it."""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass
from types import ModuleType


@dataclass(frozen=True, slots=True)
class Attribute:
    """One assignment in a module or in the body of a class."""

    name: str
    annotation: str
    """As it is written; empty where there is none."""
    value: str
    """The expression on the right, as it is written."""
    text: str
    """Of the string literal below it; empty where there is none."""


def attributes(module: ModuleType, class_name: str = "") -> dict[str, Attribute]:
    """Return the assignments of a class, or of the module itself, in the order of the source."""
    body: list[ast.stmt] = ast.parse(inspect.getsource(module)).body
    if class_name:
        (found,) = (node for node in body if isinstance(node, ast.ClassDef) and node.name == class_name)
        body = found.body
    found_attributes = {}
    for node, following in zip(body, [*body[1:], None], strict=True):
        name, annotation, value = _assignment(node)
        if name:
            found_attributes[name] = Attribute(name, annotation, value, _text(following))
    return found_attributes


def _assignment(node: ast.stmt) -> tuple[str, str, str]:
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        value = ast.unparse(node.value) if node.value else ""
        return node.target.id, ast.unparse(node.annotation), value
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id, "", ast.unparse(node.value)
    return "", "", ""


def _text(node: ast.stmt | None) -> str:
    if (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ):
        return inspect.cleandoc(node.value.value)
    return ""
