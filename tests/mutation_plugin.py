"""A plugin of pytest for tests/mutation.py: coverage by test, and only the tests that are asked for."""

import json
import os
from pathlib import Path

import pytest

IN_TEST, FIXTURES, WANTED = "MUTATION_TEST", "MUTATION_FIXTURES", "MUTATION_WANTED"
users: dict[
    str, list[str]
] = {}  # of a context, a test or a fixture that tests share: the tests that it is of


def pytest_collection_modifyitems(config, items):
    """Keep the tests that are asked for; note which fixtures they share."""
    if WANTED in os.environ:
        wanted = set(json.loads(Path(os.environ[WANTED]).read_text()))
        items[:] = [item for item in items if item.nodeid in wanted]
    for item in items:
        users[item.nodeid] = [item.nodeid]
        for fixtures in item._fixtureinfo.name2fixturedefs.values():
            users.setdefault(shared(fixtures[-1]), []).append(item.nodeid)


def shared(fixture) -> str:
    """Return the context of a fixture."""
    return f"fixture {fixture.baseid}::{fixture.argname}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item, nextitem):
    """Count what runs as this test's, in processes that it starts too."""
    turn_to(item.nodeid)
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef, request):
    """Count what runs as that of all tests that share the fixture."""
    if fixturedef.scope == "function":
        return (yield)
    outer = os.environ.get(IN_TEST, "")
    turn_to(shared(fixturedef))
    try:
        return (yield)
    finally:
        turn_to(outer)


def turn_to(context: str) -> None:
    """Count what runs from here as this context's."""
    os.environ[IN_TEST] = context
    if FIXTURES in os.environ:
        import coverage

        coverage.Coverage.current().switch_context(context)


def pytest_sessionfinish(session):
    """Keep which tests share what."""
    if FIXTURES in os.environ:
        Path(os.environ[FIXTURES]).write_text(json.dumps(users))
