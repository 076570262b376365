"""`kafalat programme`: what is wrong in a programme folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kafalat.interfaces.cli.output import print_lines
from kafalat.policy.check import check as check_folder

EXIT_REFUSED = 2

app = typer.Typer(no_args_is_help=True, help="The programme folder: rules as dated, sourced data.")


@app.command("check")
def programme_check(
    folder: Annotated[Path, typer.Argument(help="The programme folder.")],
) -> None:
    """Check a programme folder and name everything that is wrong, with file, line and the nearest valid name."""
    findings = check_folder(folder)
    for finding in findings:
        print_lines(f"{finding.file}:{finding.line}: {finding.text('en')}", f"    {finding.text('ur')}")
    if findings:
        raise typer.Exit(EXIT_REFUSED)
    print_lines(f"{folder}: no problems found. / کوئی غلطی نہیں ملی۔")
