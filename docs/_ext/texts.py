"""reStructuredText of the reference, made from the code that it is about."""

from __future__ import annotations

import inspect
from argparse import Action
from collections.abc import Iterable, Iterator
from dataclasses import fields
from importlib import import_module
from textwrap import indent
from types import ModuleType

from django.apps import apps
from django.core.management import load_command_class
from django.core.management.base import BaseCommand, DjangoHelpFormatter
from django.db.models import Field, Model

from docs._ext.source import attributes
from moderation import checks, conf, exceptions, signals
from moderation.domain.algorithms import ALGORITHMS, LIST_SIZES, radii_for
from moderation.domain.radii import NEVER

STEP = "   "


def settings(names: Iterable[str]) -> Iterator[str]:
    """Yield each setting with its type, its default and its docstring. Raises :class:`KeyError` for an unknown
    one."""
    known = attributes(conf, "Settings")
    defaults = {field.name: field for field in fields(conf.Settings)}
    for name in names:
        setting = known[name.lower()]
        field = defaults[name.lower()]
        if setting.value.isupper():  # a constant's name says nothing to a reader
            default = repr(field.default)
        elif setting.value.startswith("field("):
            default = "{}" if field.default_factory is dict else ""
        else:
            default = setting.value
        words = f"``{setting.annotation}``" + (f", default ``{default}``" if default else "")
        yield f".. confval:: {name}\n\n{indent(setting.text, STEP)}\n\n{STEP}{words}\n"


def radii(_names: Iterable[str]) -> Iterator[str]:
    """Yield the default radii of every algorithm by the length of the list."""
    sizes = [f"up to {size:,}" for size in LIST_SIZES[:-1]] + ["longer"]
    yield from _table(
        ("algorithm", *sizes),
        (
            (f"``{name}``", *(_band(name, size) for size in LIST_SIZES))
            for name in sorted(ALGORITHMS, key=lambda name: -ALGORITHMS[name].bits)
        ),
    )


def _band(name: str, size: int) -> str:
    band = radii_for(name, size)
    return f"{'never' if band.block == NEVER else band.block} / {band.hold}"


def retention(_names: Iterable[str]) -> Iterator[str]:
    """Yield the defaults of ``RETENTION``."""
    yield from _table(
        ("what", "days"),
        ((f"``{name}``", "for good" if days is None else str(days)) for name, days in conf.KEEP.items()),
    )


def system_checks(_names: Iterable[str]) -> Iterator[str]:
    """Yield each function of :mod:`moderation.checks` that reports something: its docstring begins with the ids."""
    for check in sorted(_checks(checks)):
        ids, _, text = inspect.cleandoc(check).partition(": ")
        yield ".. describe:: " + ", ".join(f"moderation.{one.strip()}" for one in ids.split(","))
        sentence = " ".join(text.split())
        yield f"\n{indent(sentence[:1].upper() + sentence[1:], STEP)}\n"


def _checks(module: ModuleType) -> Iterator[str]:
    for function in vars(module).values():
        text = getattr(function, "__doc__", None) or ""
        if inspect.isfunction(function) and text[:1] in ("E", "W") and text[1:4].isdigit():
            yield text


def errors(_names: Iterable[str]) -> Iterator[str]:
    """Yield every error with its code; the docstring is the message."""
    for error in vars(exceptions).values():
        if inspect.isclass(error) and issubclass(error, exceptions.ModerationError):
            yield f".. py:exception:: moderation.exceptions.{error.__name__}\n"
            base = error.__bases__[0].__name__
            yield f"{STEP}Code ``{error.code}``, a kind of ``{base}``.\n"
            yield indent(error.message, STEP) + "\n"


def command(names: Iterable[str]) -> Iterator[str]:
    """Yield usage, purpose and options of one command, from its own parser."""
    for name in names:
        found: BaseCommand = load_command_class("moderation", name)
        parser = found.create_parser("manage.py", name)
        own = [action for action in parser._actions if not _of_django(action)]  # noqa: SLF001 -- argparse has no other way
        usage = " ".join(part for part in map(_usage, own) if part)
        yield f".. program:: manage.py {name}\n\n.. code-block:: text\n\n{STEP}manage.py {name} {usage}\n"
        yield " ".join(str(found.help).split()) + "\n"
        for action in own:
            yield f".. option:: {', '.join(_spelling(action))}\n"
            yield indent(action.help or "Files and folders.", STEP) + "\n"


def _of_django(action: Action) -> bool:
    return action.dest == "help" or bool(DjangoHelpFormatter.show_last.intersection(action.option_strings))


def _value(action: Action) -> str:
    if action.nargs == 0:
        return ""
    if action.choices:
        return "{" + ",".join(map(str, action.choices)) + "}"
    return str(action.metavar or action.dest.upper().replace("_", "-"))


def _spelling(action: Action) -> list[str]:
    value = _value(action)
    return [f"{one} {value}".strip() for one in action.option_strings] or [value]


def _usage(action: Action) -> str:
    if action.option_strings:
        return f"[{_spelling(action)[-1]}]"
    return f"{_value(action)} …" if action.nargs in ("+", "*") else _value(action)


def signal_list(_names: Iterable[str]) -> Iterator[str]:
    """Yield every signal, with the string below it where there is one."""
    known = attributes(signals)
    for name in signals.__all__:
        text = known[name].text
        if name.startswith("upload_"):
            text = "Carries ``upload``, ``owner`` and ``target``."
        yield f".. py:data:: moderation.signals.{name}\n\n{indent(text, STEP)}\n"


def metrics(_names: Iterable[str]) -> Iterator[str]:
    """Yield what processes count, and the gauges that the database answers."""
    from docs._ext.numbers import counted, gauges

    yield from _table(
        ("name", "labels", "what"), ((f"``{n}``", labels, text) for n, labels, text in counted())
    )
    yield from _table(
        ("name", "labels", "what"), ((f"``{n}``", labels, text) for n, labels, text in gauges())
    )


def model(names: Iterable[str]) -> Iterator[str]:
    """Yield each model with its columns."""
    for name in names:
        found = apps.get_model("moderation", name)
        yield f".. py:class:: moderation.models.{name}\n\n{indent(inspect.getdoc(found) or '', STEP)}\n"
        texts = _texts(found)
        rows = (
            (f"``{column.attname}``", _kind(column), " ".join(texts.get(column.name, "").split()))
            for column in found._meta.concrete_fields
        )
        yield indent("\n".join(_table(("column", "kind", "what"), rows)), STEP) + "\n"


def _texts(found: type[Model]) -> dict[str, str]:
    """Return the strings below the columns, of the model and of its abstract parents."""
    texts: dict[str, str] = {}
    for parent in reversed(found.__mro__):
        if parent.__module__.startswith("moderation.models."):
            known = attributes(import_module(parent.__module__), parent.__name__)
            texts |= {name: attribute.text for name, attribute in known.items()}
    for column in found._meta.concrete_fields:
        texts[column.name] = texts.get(column.name) or str(column.help_text) or _verbose(column)
    return texts


def _verbose(column: Field[object, object]) -> str:
    """Return the name that the admin uses, where it says more."""
    words = str(column.verbose_name)
    return (
        ""
        if words.lower() == column.name.replace("_", " ").lower() or words == "ID"
        else words.capitalize() + "."
    )


def _kind(column: Field[object, object]) -> str:
    words = [type(column).__name__.removesuffix("Field")]
    if column.is_relation and column.related_model:
        words.append(f"to {column.related_model.__name__}")
    if column.choices:
        words.append("(" + ", ".join(f"``{value}``" for value, _label in column.flatchoices) + ")")
    return " ".join(words) + (", may be null" if column.null else "")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f".. list-table::\n{STEP}:header-rows: 1\n"
    for row in (head, *rows):
        lines = [f"{'* -' if place == 0 else '  -'} {cell}".rstrip() for place, cell in enumerate(row)]
        yield indent("\n".join(lines), STEP)
    yield ""
