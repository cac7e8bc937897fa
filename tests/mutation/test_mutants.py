from pathlib import Path

import pytest

from tests.mutation.areas import AREAS, Area
from tests.mutation.mutants import mutants_of
from tests.mutation.trial import ROOT, run_tests

PATH = Path("module.py")


def changes(source: str) -> set[str]:
    """Return what the mutants of a module change."""
    return {mutant.change for mutant in mutants_of(PATH, source.encode())}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = a < b", "a < b -> a <= b"),
        ("x = a == b", "a == b -> a != b"),
        ("x = a and b", "a and b -> (a or b)"),
        ("x = not a", "not a -> (a)"),
        ("x = y if a else b", "a -> (not (a))"),
        ("x = 3", "3 -> 4"),
        ("x = True", "True -> False"),
        ("x = a + b", "a + b -> (a - b)"),
        ("def f():\n    return a", "return a -> return None"),
        ("def f():\n    raise E(1)", "raise E(1) -> pass"),
        ("async def f():\n    await g()", "await g() -> pass"),
        ("x = select(T).where(a).order_by(b)", "select(T).where(a).order_by(b) -> select(T).where(a)"),
        ("x = 'UPDATE t SET a = 1 WHERE id = :id'", "WHERE id = :id -> (nothing)"),
        ("x = '''SELECT a FROM t WHERE id = :id AND b FOR UPDATE SKIP LOCKED'''", "SKIP LOCKED -> (nothing)"),
        ("x = '''SELECT a FROM t WHERE id = :id AND b FOR UPDATE'''", "id = :id AND -> (nothing)"),
        ("x = 'INSERT INTO t (a) VALUES (1) ON CONFLICT DO NOTHING'", "ON CONFLICT DO NOTHING -> (nothing)"),
    ],
)
def test_each_kind_of_fault_is_written(source: str, expected: str) -> None:
    """A mutant differs from its module by one operator, statement or clause."""
    assert expected in {" ".join(change.split()) for change in changes(source)}


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring with 3 AND 4: SELECT a WHERE b."""',
        "log.info('x', n=3)",
        "def f(a: Literal[3]) -> Literal[4]: ...",
        "if TYPE_CHECKING:\n    x = 3",
        "msg = f'{a + b}'",
        "x = Field(examples=[3])",
        "x = zip(a, b, strict=True)",
    ],
)
def test_what_no_test_can_notice_is_left_alone(source: str) -> None:
    """Docstrings, log lines, annotations, messages and examples have no mutants."""
    assert not changes(source)


def test_what_is_returned_is_made_another_truth() -> None:
    """None in place of what is true; of False, which is as good as None, True."""
    assert changes("def f():\n    return False") == {"False  ->  True"}


def test_the_text_around_a_fault_is_kept_to_the_byte() -> None:
    """Characters of several bytes before a fault do not shift it."""
    (mutant,) = mutants_of(PATH, "x = 'ä€', a < b  # ö\n".encode())
    assert mutant.source.decode() == "x = 'ä€', a <= b  # ö\n"


@pytest.mark.parametrize("area", AREAS, ids=lambda area: area.name)
def test_each_area_has_modules_and_tests(area: Area) -> None:
    """An area that names nothing that is there would try nothing."""
    assert area.sources(ROOT)
    assert area.tests_of(ROOT, Path("any.py"))


def test_a_fault_that_breaks_a_conftest_is_noticed(tmp_path: Path) -> None:
    """The run then ends as if it had been called wrongly, which must not end the trials."""
    (tmp_path / "conftest.py").write_text("raise TypeError")
    (tmp_path / "test_any.py").write_text("def test_any(): pass")

    assert not run_tests(tmp_path, ["test_any.py"])
