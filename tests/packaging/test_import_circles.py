"""No module imports, by way of others, itself when it runs: each can be read before those that use it."""

from graphlib import TopologicalSorter

import grimp


def test_there_is_an_order_in_which_all_modules_can_be_read() -> None:
    graph = grimp.build_graph("moderation", exclude_type_checking_imports=True)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}

    order = list(TopologicalSorter(imports).static_order())  # raises CycleError with the modules of a circle

    assert len(order) == len(graph.modules) > 200
