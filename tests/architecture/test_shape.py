"""Files and functions have one job, names say which, and nothing is swallowed in silence."""

import ast
import re
import subprocess

import pytest

from tests.architecture.sources import ROOT, Source, functions, sources

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
HIDING_PLACES = re.compile(r"(^|_)(manager|helpers?|utils?|common|misc|base2|stuff|tools?|core|lib)(_|$)")
LATER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


@pytest.fixture(params=sources(), ids=lambda source: source.name)
def source(request: pytest.FixtureRequest) -> Source:
    """Each module in turn."""
    found: Source = request.param
    return found


def test_a_file_has_one_job(source: Source) -> None:
    """A file over 400 lines has two."""
    assert len(source.lines) <= LONGEST_FILE, f"{source.name} has {len(source.lines)} lines: find the seam"


def test_a_function_has_one_job(source: Source) -> None:
    """A function over 60 lines has two."""
    long = [
        f"{source.name}:{node.lineno}: {node.name} has {(node.end_lineno or 0) - node.lineno + 1} lines"
        for node in functions(source)
        if (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert not long, "\n".join(long)


def test_no_name_is_a_hiding_place(source: Source) -> None:
    """A `utils` grows until it holds the system; a name says what a file is for."""
    for part in source.path.with_suffix("").parts:
        assert not HIDING_PLACES.search(part), f"{source.name}: {part!r} says nothing of what is in it"


def test_a_module_says_what_it_is_for(source: Source) -> None:
    """Each module has a docstring, each package's in its `__init__`; the first line is a sentence."""
    docstring = ast.get_docstring(source.tree)
    assert docstring, f"{source.name} has no docstring"
    assert docstring.split("\n\n")[0].rstrip().endswith((".", ":", "?")), (
        f"{source.name}: a docstring begins with a sentence"
    )


def test_every_folder_of_modules_is_a_package(source: Source) -> None:
    """A folder without `__init__.py` is invisible to the import contracts."""
    if "migrations" not in source.path.parts:
        assert (ROOT / source.path.parent / "__init__.py").exists(), (
            f"{source.path.parent} has no __init__.py"
        )


def test_a_broad_except_says_why(source: Source) -> None:
    """`except Exception` stands only where a boundary turns it into an outcome, with the reason beside it."""
    silent = [
        f"{source.name}:{node.lineno}: say why, in a comment on this line or the one above or below"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ExceptHandler)
        and _is_broad(node)
        and not _passes_on(node)
        and not _has_reason(source, node.lineno)
    ]
    assert not silent, "\n".join(silent)


def _is_broad(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(
        kind is None or (isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"})
        for kind in kinds
    )


def _passes_on(handler: ast.ExceptHandler) -> bool:
    """Say whether a handler only cleans up, and lets the same exception go on."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def _has_reason(source: Source, line: int) -> bool:
    """Look for a comment that is more than a linter's code."""
    near = source.lines[max(line - 2, 0) : line + 1]
    comments = [text.partition("#")[2] for text in near if "#" in text]
    return any(len(re.sub(r"noqa:?\s*[A-Z0-9, ]*", "", comment).strip(" #-:")) > 10 for comment in comments)


def test_nothing_is_left_for_later() -> None:
    """What is to be done stands in an issue, where it is seen."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout
    if not listed:
        pytest.skip("not a git checkout")
    me = "tests/architecture/test_shape.py"
    found = []
    for name in listed.split("\0"):
        path = ROOT / name
        if (
            name
            and name != me
            and path.suffix in {".py", ".yaml", ".yml", ".toml", ".html", ".css", ".js", ".j2"}
            and path.is_file()
        ):
            lines = path.read_text(encoding="utf-8").splitlines()
            found += [f"{name}:{number}" for number, line in enumerate(lines, 1) if LATER.search(line)]
    assert not found, "\n".join(found)
