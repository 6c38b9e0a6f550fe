from tests.core.test_tracing import collector

__all__ = ["collector"]
