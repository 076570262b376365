"""Carries out an approved change: the old account closes and the new one opens, the card's number moves, or the payee does."""

from __future__ import annotations

from datetime import date, datetime

from django.contrib.auth.models import User

from kafalat.enrolment.models import Account, Change
from kafalat.enrolment.rules import bank_of
from kafalat.policy.model import Programme
from kafalat.registry import bulk
from kafalat.registry.models import Person


def apply_change(change: Change, *, programme: Programme, user: User, at: datetime) -> None:
    """Do what an approved change says, within the transaction that approves it.

    A new account still has its title checked and its holder come before it is paid into. A new payee has no account:
    one is asked for with the next requests. A payment under way keeps the account it was made out to.
    """
    if change.kind == Change.Kind.ACCOUNT:
        _close(change.beneficiary_id, "changed", user, at)
        bank = bank_of(programme, change.new_bank)
        Account.objects.create(
            beneficiary_id=change.beneficiary_id,
            payee_id=change.payee_id,
            bank=bank.code,
            bank_bic=bank.bic,
            channel=bank.channel,
            iban_sealed=change.new_iban_sealed,
            iban_last4=change.new_iban_last4,
            mobile_sealed=change.new_mobile_sealed,
            synthetic=change.payee.identity_synthetic,
            opened_on=at.date(),
            change=change,
            change_approved=True,
            status_by=user.get_username(),
            status_at=at,
        )
    elif change.kind == Change.Kind.CNIC:
        Person.objects.filter(pk=change.payee_id).update(
            cnic_sealed=change.new_cnic_sealed, cnic_valid_until=change.new_cnic_valid_until
        )
    else:
        _close(change.beneficiary_id, "payee_changed", user, at)
        Person.objects.filter(pk=str(change.new_payee_id)).update(
            cnic_valid_until=change.new_cnic_valid_until
        )
        bulk.execute("SELECT enrolment_take_over(%s)", [change.pk])


def _close(beneficiary_id: int, reason: str, user: User, at: datetime) -> None:
    day: date = at.date()
    Account.objects.filter(beneficiary_id=beneficiary_id, closed_on__isnull=True).update(
        status=Account.Status.CLOSED,
        closed_on=day,
        status_reason=reason,
        status_by=user.get_username(),
        status_at=at,
    )
