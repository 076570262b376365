"""Prints the slips of a district: files of many slips per place, set by as many processes as there are cores.

Memory is flat: rows are read a file's worth at a time, and files are set in processes that are made anew in time. A run that was
stopped goes on: files that are there are whole, because each appears under its name only once it is.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from queue import SimpleQueue

from kafalat.core.problems import problem
from kafalat.core.progress import Progress, silent
from kafalat.core.text import Bilingual
from kafalat.interfaces.explaining import tell
from kafalat.interfaces.paper import JSON
from kafalat.interfaces.paper.slips import Slip, SlipLanguage, slips_data
from kafalat.policy.model import Programme
from kafalat.registry.selectors import PlaceTree, place_tree
from kafalat.targeting.models import Run
from kafalat.targeting.slips import SlipOf, places_of, slips_in

SLIPS_PER_FILE = 100
SLIPS_PER_PROCESS = 300  # some 400 MB
KEPT = "slips.json"  # which run and language a folder's files are of


@dataclass(frozen=True, slots=True)
class Press:
    """What all slips of one printing share. `decided_on` is the day from which the time to appeal counts."""

    run: Run
    programme: Programme
    results: Path
    work: Path
    language: SlipLanguage
    decided_on: date
    tree: PlaceTree = field(default_factory=place_tree)

    def data(self, slips: Sequence[SlipOf]) -> dict[str, JSON]:
        """Return what the template takes for these slips."""
        return slips_data(
            (self._slip(each) for each in slips),
            programme=self.programme,
            run=self.run.pk,
            digest=self.run.digest,
            decided_on=self.decided_on,
            language=self.language,
        )

    def _slip(self, each: SlipOf) -> Slip:
        told = tell(
            each.explained, self.programme, decided_on=self.decided_on, held=each.held, payable=each.payable
        )
        return Slip(
            explained=each.explained,
            told=told,
            name_en=each.name_en,
            name_ur=each.name_ur,
            place=self._place(each.pcode),
            interviewed_on=each.interviewed_on,
            synthetic=each.synthetic,
        )

    def _place(self, pcode: str) -> Bilingual:
        """Return the place and its district by name."""
        names = [node.name for node in self.tree.up(pcode) if node.level in {"tehsil", "district"}]
        if not names:
            return Bilingual(en=pcode, ur=pcode)
        return Bilingual(en=", ".join(name.en for name in names), ur="، ".join(name.ur for name in names))


@dataclass(frozen=True, slots=True)
class Printed:
    """What a printing came to: slips in all files, files written now, and files that were there before."""

    slips: int
    written: int
    kept: int


def print_place(
    press: Press, pcode: str, out: Path, *, per_file: int = SLIPS_PER_FILE, progress: Progress = silent
) -> Printed:
    """Write the slips of every household in `pcode` to `out`: `<P-code>-<part>.pdf`, `per_file` slips to a file.

    Raises the problems `console.not_found` (no such place), `targeting.slips_elsewhere` (the folder has another run's files) and
    `input.not_found`.
    """
    places = places_of(press.run, pcode)
    _keep(press, out, per_file)
    total = sum(count for _place, count in places)
    written = kept = done = 0
    waiting: set[Future[int]] = set()
    workers = os.cpu_count() or 1
    with _shop(workers) as shop, ThreadPoolExecutor(workers) as pool:
        for place, _count in places:
            batches = slips_in(
                run=press.run,
                programme=press.programme,
                results=press.results,
                pcode=place,
                size=per_file,
                work=press.work,
            )
            for part, batch in enumerate(batches, start=1):
                file = out / f"{place}-{part:04d}.pdf"
                if file.exists():
                    kept += 1
                    done += len(batch)
                else:
                    waiting.add(pool.submit(shop.set, press.data(batch), file, len(batch)))
                    written += 1
                # As many wait as are being set, so that reading stays just ahead and nothing piles up.
                while len(waiting) > 2 * workers:
                    finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    done += sum(each.result() for each in finished)
                progress(done / total)
        for each in waiting:
            done += each.result()
            progress(done / total)
    return Printed(slips=done, written=written, kept=kept)


def _keep(press: Press, out: Path, per_file: int) -> None:
    """Refuse a folder with files of something else; note in a new one what its files are."""
    what = {
        "run": press.run.pk,
        "digest": press.run.digest,
        "language": press.language,
        "slips_per_file": per_file,
    }
    note = out / KEPT
    out.mkdir(parents=True, exist_ok=True)
    if note.exists():
        if json.loads(note.read_text(encoding="utf-8")) != what:
            raise problem("targeting.slips_elsewhere", path=out)
        return
    if any(out.glob("*.pdf")):
        raise problem("targeting.slips_elsewhere", path=out)
    draft = note.with_name(f"{note.name}.part")
    draft.write_text(json.dumps(what), encoding="utf-8")
    draft.replace(note)


class Typesetter:
    """A process that sets files, made anew before its memory grows: a page once set is remembered for a while."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._slips = 0

    def set(self, data: Mapping[str, JSON], file: Path, slips: int) -> int:
        """Set one file and return how many slips it has. Raises `subprocess.CalledProcessError` when that failed."""
        if self._process is None or self._slips >= SLIPS_PER_PROCESS:
            self.close()
            command = [sys.executable, "-m", "kafalat.interfaces.paper"]
            # Our own module, no shell.
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - see above
            self._slips = 0
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise subprocess.CalledProcessError(process.wait(), process.args)
        asked = json.dumps({"template": "slip", "file": str(file.absolute()), "data": data})
        process.stdin.write(asked.encode() + b"\n")
        process.stdin.flush()
        if process.stdout.readline() != b"set\n":
            raise subprocess.CalledProcessError(process.wait(), process.args)
        self._slips += slips
        return slips

    def close(self) -> None:
        """End the process; a file it was setting stays undone."""
        if self._process is not None:
            self._process.communicate()
            self._process = None


@dataclass(frozen=True, slots=True)
class _Shop:
    """Typesetters at work side by side; each file goes to one that is free."""

    free: SimpleQueue[Typesetter]

    def set(self, data: Mapping[str, JSON], file: Path, slips: int) -> int:
        typesetter = self.free.get()
        try:
            return typesetter.set(data, file, slips)
        finally:
            self.free.put(typesetter)


@contextmanager
def _shop(workers: int) -> Iterator[_Shop]:
    shop = _Shop(SimpleQueue())
    typesetters = [Typesetter() for _ in range(workers)]
    for each in typesetters:
        shop.free.put(each)
    try:
        yield shop
    finally:
        for each in typesetters:
            each.close()
