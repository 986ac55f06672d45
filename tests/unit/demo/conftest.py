"""What the tests of the demo share."""

from pathlib import Path

RUNBOOKS = Path(__file__).parents[3] / "runbooks"
