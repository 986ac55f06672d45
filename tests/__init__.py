"""The tests: a folder a kind, a folder a room under `unit`; what they share stands in `fakes` and `conftest.py`."""
