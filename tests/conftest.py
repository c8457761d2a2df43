"""Which tests are slow: of suites with hundreds of rows, each of which starts a run, all but a sample.

`make test` has a short form of each, every n-th row; `make test-slow` has the others.
"""

import pytest

SAMPLED = {
    "tests/flow/test_bad_input.py": 2,
    "tests/flow/test_changed.py": 2,
    "tests/flow/test_evidence.py": 2,
    "tests/flow/test_interruptions.py": 2,
    "tests/flow/test_lists.py": 2,
    "tests/flow/test_secrets.py": 3,
    "tests/flow/test_surroundings.py": 3,
    "tests/flow/test_defects.py": 3,
    "tests/flow/test_outside.py": 2,
    "tests/flow/test_stubborn.py": 5,
    "tests/unit/lookup/test_stubborn.py": 4,
    "tests/unit/lookup/test_service_rate.py": 2,
    "tests/faults/test_every_operation.py": 2,
    "tests/faults/test_foreign.py": 4,
    "tests/faults/test_grow.py": 2,
    "tests/faults/test_links.py": 4,
    "tests/faults/test_own_paths.py": 3,
    "tests/faults/test_replace.py": 2,
    "tests/faults/test_strange_files.py": 2,
}
"""By file: of the rows of one test, one in so many is not slow, and so is a test without rows."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what the sample leaves out."""
    rows: dict[str, list[pytest.Item]] = {}
    for item in items:
        file, _, name = item.nodeid.partition("::")
        if file in SAMPLED:
            rows.setdefault(f"{file}::{name.partition('[')[0]}", []).append(item)
    for test, of_test in rows.items():
        every = SAMPLED[test.partition("::")[0]]
        # By name, since the order of the items may be random.
        for at, item in enumerate(sorted(of_test, key=lambda one: one.nodeid)):
            if at % every:
                item.add_marker(pytest.mark.slow)
