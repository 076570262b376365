"""Commands about committees: who sits in one, the list it is asked about, what committees say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from django.contrib.auth.models import User
from django.utils import timezone

from kafalat.config import boot
from kafalat.core.problems import problem
from kafalat.enrolment.enrol import promote as promote_next
from kafalat.interfaces.cli.output import ACTOR, print_json, print_lines
from kafalat.interfaces.committee_paper import list_pdf
from kafalat.interfaces.office import office
from kafalat.targeting import committee_selectors as reads
from kafalat.targeting.community import form_committee, open_list
from kafalat.targeting.models import ValidationList
from kafalat.targeting.runs import find_run

app = typer.Typer(no_args_is_help=True, help="Committees, their lists and what they say.")


@app.command("form")
def form(
    place: Annotated[str, typer.Option(help="P-code of the place.")],
    leader: Annotated[str, typer.Option(help="The name the woman who leads it is called by.")],
    member: Annotated[list[str], typer.Option(help="A member's name; give it once for each.")],
    secretary: Annotated[str | None, typer.Option(help="Login that enters what they say.")] = None,
) -> None:
    """Record the committee of a place."""
    here = office()
    boot.database(here.home)
    person = User.objects.filter(username=secretary).first() if secretary else None
    if secretary and person is None:
        raise problem("access.login_unknown", login=secretary)
    now = timezone.now()
    committee = form_committee(
        programme=here.programme,
        place=place,
        leader=leader,
        members=member,
        secretary=person,
        formed_on=timezone.localtime(now).date(),
        actor=ACTOR,
        at=now,
    )
    print_lines(f"committee {committee.pk} of {place}: {committee.members.count()} members")


@app.command("open")
def open_(
    place: Annotated[
        list[str], typer.Option(help="P-code of a place with a committee; give it once for each.")
    ],
    run_name: Annotated[str, typer.Option("--run", help="Run number, or latest.")] = "latest",
    pdf: Annotated[Path | None, typer.Option(help="Folder for the lists as PDF in Urdu.")] = None,
) -> None:
    """Make the list of each place after a run: the selected and the near-misses, without scores or reasons."""
    here = office()
    boot.database(here.home)
    run = find_run(run_name)
    programme = here.programme_of(run.programme_sha256)
    now = timezone.now()
    for pcode in place:
        made = open_list(
            programme=programme,
            run=run,
            place=pcode,
            today=timezone.localtime(now).date(),
            actor=ACTOR,
            at=now,
        )
        print_lines(
            f"list {made.pk} of {pcode}: {made.entries.count()} households, open until {made.deadline}"
        )
        if pdf is not None:
            _write(made, pdf)


def _write(made: ValidationList, folder: Path) -> None:
    here = office()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"list-{made.pk}.pdf"
    path.write_bytes(list_pdf(made, here.programme_of(made.run.programme_sha256), "ur"))
    print_lines(f"  {path}")


@app.command("statistics")
def statistics(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False
) -> None:
    """Print what each committee has said, and which to look into."""
    here = office()
    boot.database(here.home)
    found = reads.statistics(here.programme.validation.alarms)
    if as_json:
        print_json(
            {
                entry.place: {
                    "households": entry.households,
                    "confirm": entry.confirm,
                    "wrongly_in": entry.wrongly_in,
                    "wrongly_out": entry.wrongly_out,
                    "unknown_household": entry.unknown_household,
                    "rank_agreement": entry.rank_agreement,
                    "alarms": list(entry.alarms),
                }
                for entry in found
            }
        )
        return
    for entry in found:
        agreement = "-" if entry.rank_agreement is None else f"{entry.rank_agreement:.2f}"
        print_lines(
            f"{entry.place:<10} {entry.verdicts:>4} of {entry.households:<4} right {entry.confirm}, wrongly in {entry.wrongly_in}, "
            f"wrongly out {entry.wrongly_out}, unknown {entry.unknown_household}, agreement {agreement} {' '.join(entry.alarms)}"
        )


@app.command("interviews")
def interviews() -> None:
    """Print the form numbers of the households a verdict sends to a new interview, the longest waiting first."""
    boot.database(office().home)
    for entry in reads.resurvey_queue():
        print_lines(
            f"{entry.form_number} {entry.place:<10} {entry.verdict:<18} {entry.reason:<12} {entry.entered_at:%Y-%m-%d}"
        )


def promote(
    run_name: Annotated[str, typer.Option("--run", help="Run number, or latest.")] = "latest",
) -> None:
    """Enrol the next families of the waiting list for every place that has become free, in the order of rank."""
    boot.database(office().home)
    run = find_run(run_name)
    now = timezone.now()
    added = promote_next(run=run, enrolled_on=timezone.localtime(now).date(), actor=ACTOR, at=now)
    print_lines(f"{added:,} families promoted from the waiting list of run {run.pk}")
