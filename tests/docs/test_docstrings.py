"""Docstrings of functions begin with a verb in the imperative. Ruff's D401 sees a verb in another form; this sees
sentences without one, and words that name nobody."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Words that cannot be a verb: determiners, pronouns, prepositions, conjunctions, question words, numerals.
_NO_VERBS = """a about above active after again all also an and any anybody are as at before below both but by eight either
    every everybody everything each exact few first five for four from half he her his how if in innocent into is it
    its last least less longest many more most nearest neither never next nine no nobody none not nothing of off on
    once one only or other others our out over own private public seven several she short shortest six small smallest
    so some somebody someone something such ten that the their them there these they this those three to true false
    twice two under until up upper us was we were what when where whether which while who whom whose why widest width
    with without yes you your"""
_VERBS_THAT_END_SO = {"Apply", "Bring", "Embed", "Feed", "Rely", "Reply", "Seed", "Tally"}


def _files(root: str, *suffixes: str) -> Iterator[Path]:
    """Yield the files below ``root`` that are ours: nothing that was built."""
    for path in sorted((ROOT / root).rglob("*")) if (ROOT / root).is_dir() else [ROOT / root]:
        if path.suffix in suffixes and not {"_build", "__pycache__"} & set(path.parts):
            yield path


def _functions(root: str) -> Iterator[tuple[str, str]]:
    """Yield place and docstring of every function below ``root``."""
    for path in _files(root, ".py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not _is_named_otherwise(node):
                docstring = ast.get_docstring(node)
                if docstring:
                    yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", docstring


def _is_named_otherwise(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Return whether a function is a property, or a test, whose name is a sentence of its own."""
    return node.name.startswith("test_") or any(
        re.search(r"property|setter", ast.unparse(decorator)) for decorator in node.decorator_list
    )


def _begins_with_a_verb(docstring: str) -> bool:
    if re.match(r"[EW]\d{3}\b.*?: ", docstring):
        return True  # a system check: the reference is made from its id
    word = re.match(r"[A-Z][a-z]+(?=[\s,.;:]|$)", docstring)
    if word is None or word[0].lower() in _NO_VERBS.split():
        return False
    return not re.search(r"(?<!s)s$|ed$|ing$|ly$", word[0]) or word[0] in _VERBS_THAT_END_SO


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        ("Return what is left.", True),
        ("Bring it up to date.", True),
        ("Process the queue.", True),
        ("E001, W002: a setting is wrong.", True),
        ("What is left.", False),
        ("The rest.", False),
        ("Whether it is there.", False),
        ("Returns the rest.", False),
        ("Codes of one width.", False),
        ("``codes``, checked.", False),
        ("POST: decide.", False),
        ("(x, y) of the cells.", False),
        ("24 bytes a keypoint.", False),
    ],
)
def test_the_rule_tells_a_verb_from_other_words(docstring: str, expected: bool) -> None:
    assert _begins_with_a_verb(docstring) is expected


@pytest.mark.parametrize("root", ["moderation", "site", "tests", "benchmarks", "tools", "docs", "manage.py"])
def test_docstrings_of_functions_begin_with_a_verb(root: str) -> None:
    functions = list(_functions(root))

    wrong = [f"{place}: {text.splitlines()[0]}" for place, text in functions if not _begins_with_a_verb(text)]

    assert functions
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("root", ["moderation", "templates", "site", "docs", "README.md", "SECURITY.md"])
def test_no_sentence_speaks_of_somebody(root: str) -> None:
    """Say who: the uploader, the owner, a moderator, an operator, an attacker, a worker."""
    wrong = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in _files(root, ".py", ".html", ".txt", ".js", ".md")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if re.search(r"\b(somebody|someone)\b", line, re.IGNORECASE)
    ]

    assert not wrong, "\n".join(wrong)
