from tests.analytics.conftest import write_key

__all__ = ["write_key"]
