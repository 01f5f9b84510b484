"""The tests that docs/reliability.md names beside the faults that were seen: each is there."""

import re

import harness


def named():
    """(file, test or nothing): what stands behind a file until the next one."""
    text = (harness.ROOT / "docs" / "reliability.md").read_text()
    section = text[text.index("## Faults that were seen"):]
    section = section[:section.index("\n## ", 1)]
    for file, after in re.findall(r"`((?:core|hub|bridge|cli|system|faults)/\w+\.(?:cc|py))`([^`|]*)", section):
        tests = re.findall(r"\btest_\w+|\b[A-Z][a-z]+(?:[A-Z][a-z0-9]*){2,}\w*", after)
        yield from ((file, test) for test in tests or [None])


def test_each_is_there():
    found = list(named())
    assert len(found) > 60
    missing = []
    for file, test in found:
        path = harness.ROOT / "tests" / file
        source = path.read_text() if path.exists() else ""
        if not source or (test and not re.search(rf"\b{test}\b", source)):
            missing.append((file, test))
    assert not missing, missing
