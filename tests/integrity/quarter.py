"""A made-up quarter of withdrawals with fraud planted on a few devices, from a seed.

The honest side is meant to be hard: a pay day brings queues of quick withdrawals; camps are fast; some devices write no
seconds, or send an hour's work at once; one cannot pay out Rs 500 notes; shops near a border serve the next district;
women go to the city; evenings of Ramadan are long. Shares and times are ILLUSTRATIVE. The uptake follows the real curve
(three quarters of a tranche within some forty days of its start: UrduPoint 2025-02-12, Business Recorder 40236065).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

import numpy as np
from numpy.random import Generator

FIRST = date(2026, 1, 1)
DAYS = 90
RAMADAN = (date(2026, 2, 18), date(2026, 3, 19))
CREDITED = 1_450_000
PER_DEVICE = 650  # withdrawals of an ordinary device in a quarter
# Districts with the next one; the first half are none of those the programme takes for places people travel to.
DISTRICTS = (
    "PK601",
    "PK602",
    "PK603",
    "PK604",
    "PK605",
    "PK606",
    "PK501",
    "PK502",
    "PK701",
    "PK703",
    "PK617",
    "PK630",
)
CITY = "PK617"
FAR = "PK201"
COLUMNS = (
    "id", "device_id", "payment_id", "local", "amount_paisa", "credited_paisa", "beneficiary_id", "opens", "closes",
    "device_district", "home_district", "reversed",
)  # fmt: skip


@dataclass
class Quarter:
    """Rows in the order of COLUMNS, verifications (id, operator, local, amount, by_fallback), and what was planted.

    `planted` holds (rule, subject, first day of the window) of every fraud.
    """

    rows: list[tuple[object, ...]] = field(default_factory=list)
    verifications: list[tuple[object, ...]] = field(default_factory=list)
    planted: set[tuple[str, str, date]] = field(default_factory=set)

    def add(
        self, device: Device, at: datetime, *, home: str = "", short: int = 0, payee: int | None = None
    ) -> None:
        """Add one withdrawal of a payee who had not been there; `short` paisa stay behind."""
        number = len(self.rows) + 1
        self.rows.append(
            (number, device.number, number, at, CREDITED - short, CREDITED, payee or number, None, None,
             device.district, home or device.district, False)
        )  # fmt: skip


@dataclass(frozen=True)
class Device:
    """A device and its ways."""

    number: int
    district: str
    camp: bool
    no_seconds: bool
    uploads: bool
    no_small_notes: bool
    border: bool
    evenings: bool


def uptake(rng: Generator) -> np.ndarray:
    """The share of a quarter's withdrawals on each day: queues at the start and at each phase, Sundays quiet."""
    day = np.arange(DAYS)
    curve = np.exp(-day / 28.0)
    for phase in (0, 14, 28):
        curve[phase : phase + 3] *= 3.0
    sundays = np.array([(FIRST + timedelta(days=int(each))).weekday() == 6 for each in day])
    curve[sundays] *= 0.25
    curve *= rng.lognormal(0.0, 0.2, DAYS)
    return np.asarray(curve / curve.sum())


def devices(rng: Generator, count: int) -> list[Device]:
    """Honest devices, a few of them odd."""
    return [
        Device(
            number=number,
            district=DISTRICTS[int(rng.integers(len(DISTRICTS)))],
            camp=bool(rng.random() < 0.2),
            no_seconds=number % 60 == 7,
            uploads=number % 45 == 11,
            no_small_notes=number % 70 == 13,
            border=number % 12 == 5,
            evenings=bool(rng.random() < 0.08),
        )
        for number in range(1, count + 1)
    ]


def honest(quarter: Quarter, rng: Generator, all_devices: list[Device]) -> None:
    """A quarter of honest withdrawals."""
    for device in all_devices:
        total = int(rng.poisson(PER_DEVICE * (2.2 if device.camp else 0.75)))
        for offset, share in enumerate(uptake(rng)):
            _day(quarter, rng, device, FIRST + timedelta(days=offset), int(rng.poisson(total * share)))


def _day(quarter: Quarter, rng: Generator, device: Device, day: date, count: int) -> None:
    if not count:
        return
    middle = 48.0 if device.camp else 130.0
    service = 14.0 + rng.lognormal(np.log(middle), 0.6, count)
    arrivals = np.sort(rng.beta(1.3, 2.2, count)) * 7.5 * 3600
    clock, times = 0.0, []
    for arrival, seconds in zip(arrivals, service, strict=True):
        clock = max(clock, float(arrival)) + float(seconds)
        times.append(clock)
    opening = datetime.combine(day, time(9))
    ramadan = RAMADAN[0] <= day <= RAMADAN[1]
    upload = device.uploads and rng.random() < 0.15
    for seconds in times:
        at = opening + timedelta(seconds=round(seconds))
        if device.evenings and ramadan and rng.random() < 0.3:
            at = at.replace(hour=20 + int(rng.integers(3)))
        if device.no_seconds:
            at = at.replace(second=0)
        if upload:  # an hour's work sent at once, seconds apart
            at = at.replace(minute=59, second=int(rng.integers(40)))
        quarter.add(device, at, home=_home(rng, device), short=_left_behind(rng, device))


def _home(rng: Generator, device: Device) -> str:
    drawn = rng.random()
    elsewhere = 0.22 if device.border else 0.03
    if device.district == CITY:
        elsewhere = 0.30
    if drawn < elsewhere:
        return DISTRICTS[(DISTRICTS.index(device.district) + 1) % len(DISTRICTS)]
    return FAR if drawn < elsewhere + 0.01 else device.district


def _left_behind(rng: Generator, device: Device) -> int:
    if device.no_small_notes:
        return 50_000
    if rng.random() < 0.04:
        return int(rng.choice([50_000, 100_000, 150_000, 200_000, 450_000, 950_000]))
    return 0


# ---- fraud -------------------------------------------------------------------------------------------------------


def _some_days(rng: Generator, low: int, high: int) -> list[date]:
    chosen = rng.choice(DAYS, int(rng.integers(low, high + 1)), replace=False)
    return [FIRST + timedelta(days=int(each)) for each in sorted(chosen)]


def _at(day: date, second_of_day: int) -> datetime:
    return datetime.combine(day, time()) + timedelta(seconds=second_of_day)


def plant(quarter: Quarter, rng: Generator, all_devices: list[Device], each: int) -> None:
    """Plant every kind of fraud on `each` devices of its own, many of them in small doses."""
    pool = [device for device in all_devices if not device.no_seconds and not device.uploads]
    rng.shuffle(pool)
    parts = [pool[start * each : (start + 1) * each] for start in range(6)]
    for device in parts[0]:
        _same_second(quarter, rng, device)
    for device in parts[1]:
        _burst(quarter, rng, device)
    for device in parts[2]:
        _day_count(quarter, rng, device)
    for device in parts[3]:
        _at_night(quarter, rng, device)
    for device in parts[4]:
        _carried_cards(quarter, rng, device)
    for device in parts[5]:
        _cut(quarter, rng, device)
    for device in pool[6 * each : 6 * each + each // 4]:
        _a_year_in_a_quarter(quarter, rng, device)


def _mark(quarter: Quarter, rule: str, device: Device, day: date) -> None:
    quarter.planted.add((rule, str(device.number), day))


def _same_second(quarter: Quarter, rng: Generator, device: Device) -> None:
    """A program replays withdrawals in pairs and triples."""
    for day in _some_days(rng, 3, 8):
        for _ in range(int(rng.integers(2, 9))):
            at = _at(day, int(rng.integers(9 * 3600, 17 * 3600)))
            for _ in range(int(rng.integers(2, 4))):
                quarter.add(device, at)
        _mark(quarter, "same_second", device, day)


def _burst(quarter: Quarter, rng: Generator, device: Device) -> None:
    """Collected thumbs are used one after another."""
    for day in _some_days(rng, 3, 8):
        second = int(rng.integers(9 * 3600, 16 * 3600))
        for _ in range(int(rng.integers(4, 16))):
            quarter.add(device, _at(day, second))
            second += int(rng.integers(6, 22))
        _mark(quarter, "burst", device, day)


def _day_count(quarter: Quarter, rng: Generator, device: Device) -> None:
    """A device does the work of many, at a pace of machines: Rs of a day are moved on a few days."""
    for day in _some_days(rng, 2, 4):
        for second in np.sort(
            rng.choice(np.arange(8 * 3600, 20 * 3600, 31), int(rng.integers(220, 900)), replace=False)
        ):
            quarter.add(device, _at(day, int(second)))
        _mark(quarter, "day_count", device, day)


def _a_year_in_a_quarter(quarter: Quarter, rng: Generator, device: Device) -> None:
    """A device moves what several do, never too much a day."""
    for offset in range(DAYS):
        for second in rng.choice(
            np.arange(8 * 3600, 20 * 3600, 31), int(rng.integers(80, 170)), replace=False
        ):
            quarter.add(device, _at(FIRST + timedelta(days=offset), int(second)))
    _mark(quarter, "year_amount", device, FIRST)


def _at_night(quarter: Quarter, rng: Generator, device: Device) -> None:
    """Thumbs taken by day are used by night."""
    for day in _some_days(rng, 4, 10):
        for _ in range(int(rng.integers(1, 9))):
            quarter.add(device, _at(day, int(rng.integers(0, 4 * 3600))))
        _mark(quarter, "out_of_hours", device, day)


def _carried_cards(quarter: Quarter, rng: Generator, device: Device) -> None:
    """Women of a far district are withdrawn for, over a month or two."""
    for month in sorted(rng.choice([1, 2, 3], int(rng.integers(1, 3)), replace=False)):
        share = rng.uniform(0.15, 0.9)
        normal = sum(
            1 for row in quarter.rows if row[1] == device.number and getattr(row[3], "month", 0) == month
        )
        for _ in range(max(6, int(normal * share))):
            day = date(2026, int(month), int(rng.integers(1, 28)))
            quarter.add(device, _at(day, int(rng.integers(9 * 3600, 17 * 3600))), home=FAR)
        _mark(quarter, "other_district", device, date(2026, int(month), 1))


def _cut(quarter: Quarter, rng: Generator, device: Device) -> None:
    """The agent keeps the same sum from many of a month's payees, and lets the bank report what she got."""
    cut = int(rng.choice([50_000, 100_000, 150_000, 200_000]))
    for month in sorted(rng.choice([1, 2, 3], int(rng.integers(1, 3)), replace=False)):
        share = rng.uniform(0.05, 0.8)
        for place, row in enumerate(quarter.rows):
            at = row[3]
            if row[1] == device.number and getattr(at, "month", 0) == month and rng.random() < share:
                quarter.rows[place] = (*row[:4], CREDITED - cut, *row[5:])
        _mark(quarter, "same_cut", device, date(2026, int(month), 1))


def operators(quarter: Quarter, rng: Generator, honest_count: int, planted: int) -> None:
    """Verifications of counter operators: 3 to 13 of 100 by a fallback where honest, 15 to 60 where not."""
    for number in range(honest_count + planted):
        fraud = number >= honest_count
        for month in (1, 2, 3):
            share = rng.uniform(0.15, 0.6) if fraud else float(np.clip(rng.normal(0.07, 0.025), 0.03, 0.14))
            for _ in range(int(rng.integers(25, 320))):
                key = len(quarter.verifications) + 1
                at = _at(date(2026, month, int(rng.integers(1, 28))), int(rng.integers(9 * 3600, 17 * 3600)))
                quarter.verifications.append((key, f"op{number}", at, CREDITED, bool(rng.random() < share)))
            if fraud:
                quarter.planted.add(("fallback_share", f"op{number}", date(2026, month, 1)))


def made(events: int, seed: int) -> Quarter:
    """About `events` withdrawals; one device of thirty or so is planted for each kind of fraud."""
    rng = np.random.default_rng(seed)
    count = max(24, events // PER_DEVICE)
    all_devices = devices(rng, count)
    quarter = Quarter()
    honest(quarter, rng, all_devices)
    plant(quarter, rng, all_devices, max(2, count // 30))
    operators(quarter, rng, max(12, count // 6), max(2, count // 40))
    return quarter
