"""Hold coverage to its floors: 100 % of branches in each pure room, a floor that only rises for everything.

Reads what `pytest --cov` left behind; prints a line a room, and what is missing where a floor is not reached.
"""

import argparse
import subprocess
import sys
from pathlib import Path

PURE = {
    "domain": "bot/domain/*",
    "runbook": "bot/runbook/*",
    "policy": "bot/policy/*",
    "evidence": "bot/evidence/*",
    "conductor": "bot/engine/conductor*",
    "guards": "bot/engine/guards*",
}


def report(*arguments: str) -> tuple[bool, str]:
    """Run `coverage report` and say whether the floor held, and what it printed."""
    done = subprocess.run(  # noqa: S603 - our own arguments, our own interpreter
        [sys.executable, "-m", "coverage", "report", *arguments], capture_output=True, text=True, check=False
    )
    return done.returncode == 0, done.stdout + done.stderr


def main() -> int:
    """Check every floor; 1 when one is not reached."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", type=int, required=True, metavar="PERCENT", help="the floor for everything")
    floor = parser.parse_args().all
    subprocess.run([sys.executable, "-m", "coverage", "combine", "--quiet"], capture_output=True, check=False)
    held = True
    for room, pattern in PURE.items():
        if not any(Path().glob(pattern)):
            continue
        include = f"{pattern},{pattern}/*"
        whole, text = report(f"--include={include}", "--fail-under=100")
        _, total = report(f"--include={include}", "--format=total")
        print(f"{'ok  ' if whole else 'LOW '} {room:<12} {total.strip():>4} %  (floor 100)")
        if not whole:
            held = False
            print(text)
    whole, text = report(f"--fail-under={floor}")
    _, total = report("--format=total")
    print(f"{'ok  ' if whole else 'LOW '} {'everything':<12} {total.strip():>4} %  (floor {floor})")
    if not whole:
        held = False
        print(text)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
