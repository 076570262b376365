"""Commands about lists from outside: take one in, say which are in force."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from django.utils import timezone

from kafalat.config import boot
from kafalat.core.problems import problem
from kafalat.interfaces.cli.output import ACTOR, print_lines
from kafalat.interfaces.office import office
from kafalat.registry.lists import import_list, matched
from kafalat.registry.models import ScreeningList

app = typer.Typer(
    no_args_is_help=True, help="Lists from outside: payrolls, deaths, travel and the like, by CNIC."
)


@app.command("import")
def lists_import(
    file: Annotated[Path, typer.Argument(help="CSV file in UTF-8 with a column cnic.")],
    code: Annotated[str, typer.Option("--filter", help="Code of the filter in filters.yaml.")],
    day: Annotated[str, typer.Option("--date", help="The day the list was made, as 2026-01-31.")],
) -> None:
    """Take in a list: all of it or nothing. The newest list of a filter is used by the next snapshot."""
    here = office()
    try:
        list_date = date.fromisoformat(day)
    except ValueError:
        raise problem("lists.date_invalid", date=day) from None
    boot.database(here.home)
    taken = import_list(
        path=file,
        code=code,
        list_date=list_date,
        programme=here.programme,
        sealer=here.sealer,
        work=here.home.work,
        actor=ACTOR,
        at=timezone.now(),
    )
    print_lines(
        f"{taken.filter}, {taken.list_date}: {taken.people:,} people, {matched(taken):,} of them in the registry"
    )


@app.command("show")
def lists_show() -> None:
    """Print every list that was taken in, newest first; the first of a filter is in force."""
    boot.database(office().home)
    for taken in ScreeningList.objects.order_by("filter", "-list_date", "-id"):
        print_lines(f"{taken.filter:<24} {taken.list_date} {taken.people:>12,} people  {taken.sha256[:12]}")
