"""What a bank's folder `banks/<code>/profile.yaml` says: how it takes payments and how it answers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal

from pydantic import Field

from kafalat.core.bank_formats import AnswerFormat, Charset, PaymentForm, PaymentVersion, RecallVersion
from kafalat.policy.base import Strict

_PATH = re.compile(r"\Abanks/([a-z][a-z0-9_]*)/profile\.yaml\Z")


class BankProfile(Strict):
    """How one bank takes payment files and answers them.

    `transport` says whether files are put into its folder or payments are sent to its interface one by one. A payment
    file of version `pain001_version` holds `payments_per_file_max` payments at most; further ones go into further files.
    A bank that takes payments back on request takes camt.055 of version `recall_version`, and answers by camt.029.
    A file that leaves after `cut_off` (local time) is executed the next day. Names and texts are cut to their `_max`.
    """

    transport: Literal["file", "api"]
    pain001_version: PaymentVersion
    charset: Charset
    name_max: int = Field(ge=10, le=140)
    # A made-up payee is marked as such in this text, so there is always room for that.
    remittance_max: int = Field(ge=20, le=140)
    payments_per_file_max: int = Field(ge=1, le=10_000_000)
    purpose: str | None = Field(default=None, pattern=r"\A[A-Z]{4}\z")
    category_purpose: str | None = Field(default=None, pattern=r"\A[A-Z]{4}\z")
    service_level: str | None = Field(default=None, pattern=r"\A[A-Z]{4}\z")
    cut_off: Annotated[time, Field(strict=False)]
    recall_version: RecallVersion | None = None
    answers: tuple[AnswerFormat, ...] = Field(min_length=1)
    source: str = Field(min_length=3)

    def executed_on(self, moment: datetime) -> date:
        """Return the day the bank executes what reaches it at `moment`, in local time: the next once its cut-off is past."""
        return moment.date() + timedelta(days=int(moment.time() > self.cut_off))

    @property
    def kinds(self) -> frozenset[str]:
        """The forms the bank answers in."""
        return frozenset(answer.format for answer in self.answers)

    @property
    def form(self) -> PaymentForm:
        """What the writer of payment files needs to know."""
        return PaymentForm(
            version=self.pain001_version,
            charset=self.charset,
            name_max=self.name_max,
            remittance_max=self.remittance_max,
            purpose=self.purpose,
            category_purpose=self.category_purpose,
            service_level=self.service_level,
        )


def profile_paths(files: Iterable[str]) -> dict[str, str]:
    """Return the path of each bank's profile among a folder's files, by bank code."""
    return {match.group(1): file for file in files if (match := _PATH.match(file))}
