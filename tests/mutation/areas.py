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


_MESSAGING = ("notifier", "delivery_worker", "events", "inbox", "outbox", "relay", "exactly_once")
_EVENT_TESTS = tuple(f"tests/chassis/test_{name}*.py" for name in _MESSAGING)

AREAS = (
    Area(
        "sealing",
        ("chassis/sealing/*.py", "chassis/core/clock.py", "chassis/core/types.py"),
        (
            "tests/sealing/test_*.py",
            "tests/chassis/test_head.py",
            "tests/chassis/test_keys.py",
            "tests/chassis/test_protocol_vectors.py",
        ),
    ),
    Area("dispatch", ("chassis/dispatch/*.py",), ("tests/dispatch/test_*.py", "tests/sealing/test_clock_skew.py")),
    Area("idempotency", ("chassis/idempotency/*.py",), ("tests/chassis/idempotency/test_*.py",)),
    Area("messaging", ("chassis/messaging/*.py", "chassis/postgres/notifier.py"), _EVENT_TESTS),
    Area(
        "postgres",
        ("chassis/postgres/*.py",),
        (
            *(
                f"tests/chassis/test_{name}*.py"
                for name in ("postgres", "statement", "purge", "pools", "demoted", "tracing")
            ),
            *("tests/test_settings.py", "tests/deploy/test_pool.py"),
        ),
    ),
    Area(
        "auth",
        ("chassis/auth/*.py", "user/password_hashing.py"),
        ("tests/chassis/auth/test_*.py", "tests/user/test_password_hashing.py"),
    ),
    # --- about order ---
    Area("order", ("order/*.py", "order/services/*.py"), ("tests/order/test_*.py",)),
    # --- end about order ---
    # --- about product ---
    Area("product", ("product/*.py", "product/services/*.py"), ("tests/product/test_*.py",)),
    # --- end about product ---
    Area(
        "counting",
        (
            "analytics/counting/*.py",
            *(
                f"analytics/{name}.py"
                for name in ("retention", "queries/buckets", "queries/count_between", "queries/count_events")
            ),
            *(f"analytics/{name}.py" for name in ("ingestion/refuse_final", "ingestion/store_events", "privacy/purge")),
        ),
        (
            "tests/analytics/test_*count*.py",
            *(f"tests/analytics/test_{name}.py" for name in ("buckets", "lease", "pace", "people", "purge", "stats")),
            "tests/analytics/test_retention.py",
            "tests/analytics/test_timeseries.py",
        ),
    ),
)
