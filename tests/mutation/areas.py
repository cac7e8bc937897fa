"""The areas whose tests are tried, each with the tests that must notice a fault in it."""

from dataclasses import dataclass
from itertools import chain
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Area:
    """
    Modules that belong together.

    Attributes:
        modules: Patterns of paths below the root.
        tests: Patterns of paths too; the tests of a module that bear its name come first.
    """

    name: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]

    def sources(self, root: Path) -> list[Path]:
        """Return the paths of the modules, below *root*."""
        return _below(root, self.modules)

    def tests_of(self, root: Path, module: Path) -> list[str]:
        """Return the test files that must notice a fault in *module*, the most likely ones first."""
        found = [str(path) for path in _below(root, self.tests)]
        return sorted(found, key=lambda path: (module.stem not in path, path))


def _below(root: Path, patterns: tuple[str, ...]) -> list[Path]:
    found = chain.from_iterable(root.glob(pattern) for pattern in patterns)
    return sorted({path.relative_to(root) for path in found})


_MESSAGING = ("bell", "courier", "dead_letters", "deliveries", "events", "inbox", "outbox", "relay")
_EVENT_TESTS = tuple(f"tests/chassis/test_{name}*.py" for name in (*_MESSAGING, "exactly_once"))

AREAS = (
    Area(
        "sealing",
        ("chassis/sealing/*.py", "chassis/clock_skew.py", "chassis/addresses.py"),
        (
            "tests/sealing/test_*.py",
            "tests/chassis/test_head.py",
            "tests/chassis/test_keys.py",
            "tests/chassis/test_protocol_vectors.py",
        ),
    ),
    Area("dispatch", ("chassis/dispatch/*.py",), ("tests/dispatch/test_*.py", "tests/sealing/test_clock_skew.py")),
    Area("idempotency", ("chassis/idempotency/*.py",), ("tests/chassis/idempotency/test_*.py",)),
    Area("messaging", tuple(f"chassis/{name}.py" for name in _MESSAGING), _EVENT_TESTS),
    Area(
        "postgres",
        ("chassis/postgres*.py", "chassis/statement.py", "chassis/purge*.py"),
        (
            *(
                f"tests/chassis/test_{name}*.py"
                for name in ("postgres", "statement", "purge", "pools", "demoted", "tracing")
            ),
            *("tests/test_settings.py", "tests/deploy/test_pool.py"),
        ),
    ),
    Area("auth", ("chassis/auth/*.py",), ("tests/chassis/auth/test_*.py", "tests/chassis/test_passwords.py")),
    Area("order", ("order/*.py", "order/services/*.py"), ("tests/order/test_*.py",)),
    Area("product", ("product/*.py", "product/services/*.py"), ("tests/product/test_*.py",)),
    Area(
        "counting",
        (
            *(
                f"analytics/{name}.py"
                for name in ("arrivals", "buckets", "counts", "final_counts", "lease", "retention")
            ),
            "analytics/services/*count*.py",
            *(
                f"analytics/services/{name}.py"
                for name in ("fold_arrivals", "measure", "note_user_days", "purge", "refuse_final", "store_events")
            ),
        ),
        (
            "tests/analytics/test_*count*.py",
            *(f"tests/analytics/test_{name}.py" for name in ("buckets", "lease", "pace", "people", "purge", "stats")),
            "tests/analytics/test_retention.py",
            "tests/analytics/test_timeseries.py",
        ),
    ),
)
