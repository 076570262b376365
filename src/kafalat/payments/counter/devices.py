"""Registers devices and decides whether they may be used: one person blocks at once, two people open one again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from kafalat.audit import services as audit
from kafalat.core.problems import problem
from kafalat.payments.counter.access import access_devices
from kafalat.payments.models import Device, DeviceAct
from kafalat.registry import bulk


@dataclass(frozen=True, slots=True)
class NewDevice:
    """A device to register: `district` is a P-code, hours are local time and both or neither."""

    serial: str
    bank: str
    agent: str
    district: str
    opens: time | None = None
    closes: time | None = None


def register_devices(*, devices: Sequence[NewDevice], user: User, at: datetime) -> int:
    """Register devices, all of them or none; return how many. Raises `devices.known` for a serial there already."""
    access_devices(user)
    with transaction.atomic():
        known = bulk.rows(
            "SELECT serial FROM payments_device WHERE serial = ANY(%s) ORDER BY serial LIMIT 1",
            [[each.serial for each in devices]],
        )
        if known:
            raise problem("devices.known", serial=known[0][0])
        count = bulk.execute(
            """
            INSERT INTO payments_device (serial, bank, agent, place_id, opens, closes, registered_at, status)
            SELECT serial, bank, agent, place, opens, closes, %s, 'active'
            FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::time[], %s::time[])
                AS t (serial, bank, agent, place, opens, closes)
            """,
            [
                at,
                [each.serial for each in devices],
                [each.bank for each in devices],
                [each.agent for each in devices],
                [each.district for each in devices],
                [each.opens for each in devices],
                [each.closes for each in devices],
            ],
        )
        audit.record(
            at=at,
            actor=user.get_username(),
            action="devices_registered",
            object_kind="device",
            object_id=devices[0].serial if devices else "-",
            detail={"devices": count},
        )
    return count


def block_device(*, device_id: int, reason: str, user: User, at: datetime) -> DeviceAct:
    """Block a device at once. Raises `counter.unknown`, `counter.reason_missing`, `devices.standing` (blocked already)."""
    return _act(device_id, DeviceAct.Act.BLOCK, Device.Status.ACTIVE, reason, user, at)


def ask_unblock(*, device_id: int, reason: str, user: User, at: datetime) -> DeviceAct:
    """Ask that a blocked device be opened again. Raises the problems of `block_device`."""
    return _act(device_id, DeviceAct.Act.ASK, Device.Status.BLOCKED, reason, user, at)


def unblock_device(*, asked_id: int, reason: str, user: User, at: datetime) -> DeviceAct:
    """Agree to a request to open a device again: another person than the one who asked, after the last block.

    Raises `devices.two_people`, and the problems of `block_device`.
    """
    asked = DeviceAct.objects.select_related("device").filter(pk=asked_id, act=DeviceAct.Act.ASK).first()
    if asked is None:
        raise problem("counter.unknown", what_en=f"request {asked_id}", what_ur=f"درخواست {asked_id}")
    if asked.by_id == user.pk:
        raise problem("devices.two_people", serial=asked.device.serial)
    return _act(
        asked.device_id, DeviceAct.Act.UNBLOCK, Device.Status.BLOCKED, reason, user, at, answers=asked
    )


def _act(
    device_id: int,
    act: DeviceAct.Act,
    only_if: Device.Status,
    reason: str,
    user: User,
    at: datetime,
    answers: DeviceAct | None = None,
) -> DeviceAct:
    access_devices(user)
    if not reason.strip():
        raise problem("counter.reason_missing")
    device = Device.objects.filter(pk=device_id).first()
    if device is None:
        raise problem("counter.unknown", what_en=f"device {device_id}", what_ur=f"ڈیوائس {device_id}")
    if device.status != only_if:
        raise problem("devices.standing", serial=device.serial, status=device.status)
    try:
        with transaction.atomic():
            done = DeviceAct.objects.create(
                device=device,
                act=act,
                by=user,
                asked=answers,
                asked_by_id=answers.by_id if answers else None,
                reason=reason.strip(),
                at=at,
            )
            audit.record(
                at=at,
                actor=user.get_username(),
                action=f"device_{act.value}",
                object_kind="device",
                object_id=device.serial,
                detail={"reason": done.reason},
            )
    except IntegrityError as error:  # answered already, or blocked again since it was asked
        raise problem("devices.standing", serial=device.serial, status=device.status) from error
    return done
