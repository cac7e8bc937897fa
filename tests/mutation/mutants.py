"""Small faults that could be written into a module: one operator, one statement or one clause of SQL at a time."""

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.mutation import sql

_SWAPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_CLAUSES = {"where", "order_by", "with_for_update", "limit", "on_conflict_do_nothing", "returning", "values"}
"""Methods of a SQLAlchemy statement that return the statement with one clause more."""
_LOGGING = {"log", "logging", "logger"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """
    A module with one fault.

    Attributes:
        path: Of the module.
        line: Counted from 1.
        change: What was there, and what is there now.
        source: The module with the fault.
    """

    path: Path
    line: int
    change: str
    source: bytes


def mutants_of(path: Path, source: bytes) -> list[Mutant]:
    """Return every mutant of a module, in the order of its lines."""
    found: dict[bytes, Mutant] = {}
    starts = _line_starts(source)
    for node, replacement in _faults(ast.parse(source)):
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
        _add(found, path, source, (start, end), replacement.encode())
    for span in _sql_clauses(source, starts):
        _add(found, path, source, span, b"")
    return sorted(found.values(), key=lambda mutant: mutant.line)


def _add(found: dict[bytes, Mutant], path: Path, source: bytes, span: tuple[int, int], replacement: bytes) -> None:
    start, end = span
    mutated = source[:start] + replacement + source[end:]
    if mutated != source and _compiles(mutated):
        line = source.count(b"\n", 0, start) + 1
        change = f"{_shown(source[start:end])}  ->  {_shown(replacement) or '(nothing)'}"
        found.setdefault(mutated, Mutant(path, line, change, mutated))


def _shown(text: bytes) -> str:
    return " ".join(text.decode().split())[:90]


def _compiles(source: bytes) -> bool:
    try:
        compile(source, "mutant", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True


def _line_starts(source: bytes) -> list[int]:
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return starts


def _faults(tree: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """Yield what can be replaced, and by what; nothing inside annotations, log calls or what is raised."""
    for node in _children(tree):
        yield from _faults_of(node)
        yield from _faults(node)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "exc", "decorator_list", "msg"}:
            continue
        if name == "keywords" and isinstance(node, ast.Call) and ast.unparse(node.func) == "zip":
            continue  # strict, where the lengths are the same
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _is_untold(child):
                yield child


def _is_untold(node: ast.AST) -> bool:
    """Whether no test can notice a change: logging, docstrings, examples, an exception without arguments, types."""
    match node:
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name)))):
            return name in _LOGGING
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Call(), attr="__init__"), args=[], keywords=[])):
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.Assert() | ast.keyword(arg="examples"):
            return True
        case ast.Assign(targets=[ast.Name(id="msg")]):
            return True
    return False


def _faults_of(node: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    yield from _faults_of_statement(node) if isinstance(node, ast.stmt) else _faults_of_expression(node)


def _faults_of_statement(node: ast.stmt) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    match node:
        case ast.If(test=test) if not isinstance(test, ast.UnaryOp | ast.Compare):
            yield test, f"(not ({ast.unparse(test)}))"
        case ast.Return(value=ast.expr() as value) if not (isinstance(value, ast.Constant) and not value.value):
            yield node, "return None"
        case ast.Expr(value=ast.Call() | ast.Await()) | ast.Raise() | ast.AugAssign():
            yield node, "pass"


def _faults_of_expression(node: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    match node:
        case ast.Compare(left=left, ops=[op], comparators=right):
            yield node, ast.unparse(ast.Compare(left, [_SWAPPED[type(op)]()], right))
        case ast.BoolOp(op=op, values=values):
            other = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield node, f"({ast.unparse(ast.BoolOp(other, values))})"
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield node, f"({ast.unparse(operand)})"
        case ast.IfExp(test=test) if not isinstance(test, ast.UnaryOp | ast.Compare):
            yield test, f"(not ({ast.unparse(test)}))"
        case ast.Constant(value=bool() as value):
            yield node, str(not value)
        case ast.Constant(value=int() | float() as value):
            yield node, repr(value + 1)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right):
            other_op = ast.Sub() if isinstance(op, ast.Add) else ast.Add()
            yield node, f"({ast.unparse(ast.BinOp(left, other_op, right))})"
        case ast.Call(func=ast.Attribute(value=receiver, attr=attribute)) if attribute in _CLAUSES:
            yield node, ast.unparse(receiver)


def _sql_clauses(source: bytes, starts: list[int]) -> Iterator[tuple[int, int]]:
    """Yield the spans of the clauses of SQL that can be left out of the texts in a module; docstrings are no SQL."""
    prose = {node.lineno for node in ast.walk(ast.parse(source)) if _is_untold(node) and isinstance(node, ast.Expr)}
    for token in tokenize.tokenize(io.BytesIO(source).readline):
        row, column = token.start
        if token.type == tokenize.STRING and row not in prose and sql.is_sql(token.string):
            offset = starts[row - 1] + len(token.line[:column].encode())
            for start, end in sql.clauses(token.string):
                yield offset + _size(token.string[:start]), offset + _size(token.string[:end])


def _size(text: str) -> int:
    return len(text.encode())
