"""Every module says what others may use of it."""

import ast
import importlib
import pkgutil
from types import ModuleType

import pytest

import pipeline

MODULES = sorted(
    [
        "pipeline",
        *(found.name for found in pkgutil.walk_packages(pipeline.__path__, prefix="pipeline.")),
    ]
)


@pytest.fixture(params=MODULES)
def module(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(request.param)


def test_exports_are_a_tuple_of_names_that_exist(module: ModuleType) -> None:
    exports = module.__all__

    assert isinstance(exports, tuple)
    assert len(set(exports)) == len(exports)
    assert [name for name in exports if not hasattr(module, name)] == []


def test_module_says_what_it_is_for(module: ModuleType) -> None:
    assert module.__doc__


def test_no_module_uses_what_another_keeps_for_itself(module: ModuleType) -> None:
    assert module.__file__
    with open(module.__file__, encoding="utf-8") as file:  # noqa: PTH123  a module knows its file as text
        tree = ast.parse(file.read())
    taken = [
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pipeline")
        for alias in node.names
        if alias.name.startswith("_")
    ]

    assert taken == []
