"""The domain's types are values, and the domain needs nothing but the standard library."""

import ast
import sys

import pytest

from tests.architecture.sources import Source, sources

WANTED = {"frozen", "slots", "kw_only"}
ERRORS = "bot.errors"


def pure() -> tuple[Source, ...]:
    """The modules of the domain."""
    return tuple(source for source in sources() if source.path.parts[:2] == ("bot", "domain"))


@pytest.mark.parametrize("source", pure(), ids=lambda source: source.name)
def test_dataclasses_are_frozen_slotted_and_named(source: Source) -> None:
    """`@dataclass(frozen=True, slots=True, kw_only=True)`, every one."""
    wrong = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef):
            for decorator in node.decorator_list:
                called = decorator.func if isinstance(decorator, ast.Call) else decorator
                if ast.unparse(called).endswith("dataclass"):
                    said = (
                        {each.arg for each in decorator.keywords}
                        if isinstance(decorator, ast.Call)
                        else set()
                    )
                    wrong += [
                        f"{source.name}:{node.lineno}: {node.name} lacks {', '.join(WANTED - said)}"
                    ] * bool(WANTED - said)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("source", pure(), ids=lambda source: source.name)
def test_it_imports_the_standard_library_alone(source: Source) -> None:
    """Beside itself and the error tree, the domain knows no package."""
    for node in ast.walk(source.tree):
        names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            top = name.partition(".")[0]
            ours = f"{name}.".startswith(("bot.domain.", f"{ERRORS}."))
            assert ours or top in sys.stdlib_module_names, f"{source.name}:{node.lineno} imports {name}"


@pytest.mark.parametrize("source", pure(), ids=lambda source: source.name)
def test_it_has_no_clock_and_no_dice(source: Source) -> None:
    """Time, chance and new ids are arguments; `SystemClock` alone reads the machine's clock."""
    calls = {"datetime.now", "datetime.utcnow", "time.time", "time.monotonic", "uuid.uuid4", "date.today"}
    clocks = [
        node
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef) and node.name == "SystemClock"
    ]
    allowed = {id(node) for clock in clocks for node in ast.walk(clock)}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and id(node) not in allowed:
            said = ast.unparse(node.func)
            assert said not in calls, f"{source.name}:{node.lineno} calls {said}"
            assert not said.startswith(("random.", "secrets.")), f"{source.name}:{node.lineno} calls {said}"
