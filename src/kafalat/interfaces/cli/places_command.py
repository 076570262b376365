"""`kafalat places`: places and their boundaries."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from django.utils import timezone

from kafalat.config import boot
from kafalat.interfaces.cli.output import ACTOR, print_lines
from kafalat.interfaces.office import office
from kafalat.registry.places import import_boundaries, load_places

app = typer.Typer(no_args_is_help=True, help="Places and their boundaries.")


@app.command("import")
def places_import(file: Annotated[Path, typer.Argument(help="GeoJSON file with boundaries.")]) -> None:
    """Bring real boundaries for the maps: features are matched by P-code."""
    here = office()
    boot.database(here.home)
    load_places(programme=here.programme)
    count = import_boundaries(path=file, actor=ACTOR, at=timezone.now())
    print_lines(f"{count} places have boundaries from {file.name}")
