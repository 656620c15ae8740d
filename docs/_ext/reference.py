"""A Sphinx directive for each part of the reference, to be used in an ``eval-rst`` block.

.. code-block:: rst

   .. moderation-settings:: MAX_BYTES MAX_PIXELS

What it says is made from the code (:mod:`.texts`), so it cannot drift; what it is about is listed in the page,
so that a test can tell what a page leaves out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from docs._ext import texts

Text = Callable[[Iterable[str]], Iterator[str]]

DIRECTIVES: dict[str, Text] = {
    "moderation-settings": texts.settings,
    "moderation-radii": texts.radii,
    "moderation-retention": texts.retention,
    "moderation-checks": texts.system_checks,
    "moderation-errors": texts.errors,
    "moderation-command": texts.command,
    "moderation-signals": texts.signal_list,
    "moderation-metrics": texts.metrics,
    "moderation-models": texts.model,
}


class Reference(SphinxDirective):
    """Puts a generated text in its place."""

    optional_arguments = 100

    def run(self) -> list[nodes.Node]:
        """Return the nodes. Raises the directive's error for a name that the code does not have."""
        try:
            text = "\n".join(DIRECTIVES[self.name](self.arguments))
        except KeyError as error:
            raise self.error(f"{self.name}: the code has no {error}") from error
        return self.parse_text_to_nodes(text)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives. Called by Sphinx."""
    for name in DIRECTIVES:
        app.add_directive(name, Reference)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
