"""Measurements: run by hand, and in CI at small size. `README.md` keeps the results."""
