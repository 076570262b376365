"""Commands about cash taken out: devices in, banks' reports in, and what is suspicious in them."""

from __future__ import annotations

import csv
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Annotated

import typer
from django.contrib.auth.models import User
from django.utils import timezone

from kafalat.config import boot
from kafalat.core.problems import problem
from kafalat.integrity.services import scan as scan_withdrawals
from kafalat.interfaces.cli.output import ACTOR, LABELS, Stages, print_json, print_lines
from kafalat.interfaces.office import office
from kafalat.payments.counter.devices import NewDevice, register_devices
from kafalat.payments.counter.reports import receive_withdrawals

app = typer.Typer(no_args_is_help=True, help="Devices, withdrawals that banks report, and alerts.")
DEVICE_COLUMNS = ("serial", "bank", "agent", "district", "opens", "closes")


def _person(login: str) -> User:
    found = User.objects.filter(username=login).first()
    if found is None:
        raise problem("access.login_unknown", login=login)
    return found


@app.command("scan")
def scan(
    days: Annotated[int, typer.Option(min=1, max=3700, help="How far back, whole months from there.")] = 92,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Look through the withdrawals of the last days by every alert rule; safe to repeat."""
    here = office()
    boot.database(here.home)
    now = timezone.now()
    with Stages(LABELS, "en") as stages, stages.stage("scan") as progress:
        scanned = scan_withdrawals(
            programme=here.programme,
            since=now - timedelta(days=days),
            until=now,
            actor=ACTOR,
            at=now,
            progress=progress,
        )
    if as_json:
        print_json({code: {"raised": each.raised, "grown": each.grown} for code, each in scanned.items()})
        return
    for code, each in scanned.items():
        print_lines(f"{code:<16} {each.raised:>6} new, {each.grown:>6} with more evidence")


@app.command("report")
def report(
    files: Annotated[list[Path], typer.Argument(help="CSV files of withdrawals a bank reports.")],
    bank: Annotated[str, typer.Option(help="The bank's code.")],
    user: Annotated[str, typer.Option(help="Login of the reconciler who takes them in.")] = "reconciler",
) -> None:
    """Take in withdrawals as a bank reports them, each file whole or not at all."""
    boot.database(office().home)
    for path in files:
        taken = receive_withdrawals(path=path, bank=bank, user=_person(user), at=timezone.now())
        print_lines(f"{path.name}: {taken.lines:,} withdrawals")


@app.command("devices")
def devices(
    file: Annotated[Path, typer.Argument(help="CSV: serial, bank, agent, district, opens, closes.")],
    user: Annotated[
        str, typer.Option(help="Login of the integrity officer who registers them.")
    ] = "integrity",
) -> None:
    """Register devices, all of a file or none."""
    if not file.is_file():
        raise problem("input.not_found", path=file)
    boot.database(office().home)
    count = register_devices(devices=_devices(file), user=_person(user), at=timezone.now())
    print_lines(f"{file.name}: {count:,} devices")


def _devices(file: Path) -> list[NewDevice]:
    found = []
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = csv.DictReader(opened)
        if sorted(rows.fieldnames or ()) != sorted(DEVICE_COLUMNS):
            names = ", ".join(DEVICE_COLUMNS)
            raise _wrong(file, 1, f"the columns must be {names}", f"کالم یہ ہوں: {names}")
        for row in rows:
            try:
                opens, closes = (_hour(row[name]) for name in ("opens", "closes"))
            except ValueError:
                raise _wrong(
                    file, rows.line_num, "hours are written as 09:00", "اوقات یوں لکھیں: 09:00"
                ) from None
            found.append(
                NewDevice(
                    row["serial"].strip(),
                    row["bank"].strip(),
                    row["agent"].strip(),
                    row["district"].strip(),
                    opens,
                    closes,
                )
            )
    return found


def _hour(text: str) -> time | None:
    return datetime.strptime(text.strip(), "%H:%M").time() if text.strip() else None  # noqa: DTZ007 - an hour of the clock


def _wrong(file: Path, line: int, reason_en: str, reason_ur: str) -> Exception:
    return problem(
        "withdrawals.file_invalid", file=file.name, line=line, reason_en=reason_en, reason_ur=reason_ur
    )
