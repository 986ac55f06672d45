"""Options and arguments that several commands have, each said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        help="The settings file; unset, FIRELINE_CONFIG or ./fireline.yaml.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Number = Annotated[int, typer.Argument(metavar="NUMBER", help="The incident's number.", min=1, max=2**53)]
Run = Annotated[str, typer.Argument(metavar="RUN", help="The run, like 42-1; `fireline show` lists them.")]
Why = Annotated[str, typer.Option(help="The reason, for the record.", show_default=False)]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask again before it is done.")]
