"""The tests mirror the package: `kerastorch/a/b.py` is tested by `tests/a/test_b.py`."""
