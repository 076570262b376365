"""Jobs about a file that somebody brought: answers and statements of banks, answers about accounts, renewed cards."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from kafalat.core.text import Bilingual
from kafalat.enrolment.access import ACCOUNT_READERS, ACCOUNT_WORKERS
from kafalat.enrolment.answers import receive_account_answers
from kafalat.enrolment.notices import receive_account_notices
from kafalat.enrolment.renewals import import_renewals
from kafalat.interfaces.jobs.work import Kind, Values, Work, said
from kafalat.interfaces.uploads import BYTES_MAX, MEGABYTE, Form
from kafalat.payments.access import RECONCILERS, TREASURERS
from kafalat.payments.models.answer import OUTCOMES
from kafalat.payments.reconciliation.answers import receive_answer
from kafalat.payments.reconciliation.treasury import receive_statement


@dataclass(frozen=True, slots=True)
class Brought:
    """What may be brought for a kind of job. `of_bank`: whoever brings it says of which bank it is."""

    forms: frozenset[Form]
    bytes_max: int = BYTES_MAX
    of_bank: bool = False


def _answer(work: Work) -> Values:
    taken = receive_answer(
        content=work.file,
        name=work.file.name,
        user=work.person,
        at=work.at,
        receiver=work.office.receiver(),
        progress=work.progress,
    )
    lines, booked = sum(taken.verdicts.values()), sum(taken.outcomes.values())
    held = sum(count for verdict, count in taken.verdicts.items() if verdict not in OUTCOMES)
    return said(
        f"Lines read: {lines:,}. Payments booked: {booked:,}. Lines held, under Reconciliation: {held:,}.",
        f"پڑھی گئی سطریں: {lines:,}۔ درج ہونے والی ادائیگیاں: {booked:,}۔ روکی گئی سطریں، «مطابقت» میں: {held:,}۔",
    )


def _statement(work: Work) -> Values:
    content = work.file.read_bytes()
    taken = receive_statement(
        content=content, name=work.file.name, user=work.person, at=work.at, progress=work.progress
    )
    return said(
        f"Movements on our account that were taken in: {taken.lines:,}.",
        f"ہمارے کھاتے کی درج ہونے والی نقل و حرکت: {taken.lines:,}۔",
    )


def _account_answers(work: Work) -> Values:
    taken = receive_account_answers(
        path=work.file,
        bank=work.arguments["bank"],
        programme=work.office.programme,
        sealer=work.office.sealer,
        received_on=timezone.localdate(work.at),
        user=work.person,
        at=work.at,
        progress=work.progress,
    )
    return said(
        f"Accounts opened: {taken.opened:,}, of which {taken.doubtful:,} have a title in doubt. Screened: {taken.screened:,}. "
        f"Refused: {taken.refused:,}.",
        f"کھلنے والے اکاؤنٹ: {taken.opened:,}، جن میں سے {taken.doubtful:,} کا عنوان مشکوک ہے۔ جانچے گئے: {taken.screened:,}۔ "
        f"انکار: {taken.refused:,}۔",
    )


def _account_notices(work: Work) -> Values:
    taken = receive_account_notices(
        path=work.file,
        bank=work.arguments["bank"],
        programme=work.office.programme,
        sealer=work.office.sealer,
        user=work.person,
        at=work.at,
    )
    lines = sum(taken.values())
    return said(f"Notices taken in: {lines:,}.", f"شامل ہونے والی اطلاعات: {lines:,}۔")


def _renewals(work: Work) -> Values:
    taken = import_renewals(
        path=work.file, sealer=work.office.sealer, user=work.person, at=work.at, progress=work.progress
    )
    return said(
        f"Cards renewed: {taken.renewed:,}. Numbers the registry does not know: {taken.unknown:,}.",
        f"تجدید شدہ کارڈ: {taken.renewed:,}۔ رجسٹری میں نامعلوم نمبر: {taken.unknown:,}۔",
    )


OF_FILES: dict[str, Kind] = {
    "receive": Kind(
        Bilingual(en="Take in a bank's answer", ur="بینک کے جواب کی وصولی"), RECONCILERS, _answer
    ),
    "statement": Kind(
        Bilingual(en="Take in a statement of our account", ur="ہمارے کھاتے کی اسٹیٹمنٹ کی وصولی"),
        TREASURERS,
        _statement,
    ),
    "account_answers": Kind(
        Bilingual(en="Take in a bank's answer about accounts", ur="اکاؤنٹس پر بینک کے جواب کی وصولی"),
        ACCOUNT_WORKERS,
        _account_answers,
        readers=ACCOUNT_READERS,
    ),
    "account_notices": Kind(
        Bilingual(en="Take in a bank's notices about accounts", ur="اکاؤنٹس پر بینک کی اطلاعات کی وصولی"),
        ACCOUNT_WORKERS,
        _account_notices,
        readers=ACCOUNT_READERS,
    ),
    "renewals": Kind(
        Bilingual(en="Take in renewed CNICs", ur="تجدید شدہ شناختی کارڈوں کی وصولی"),
        ACCOUNT_WORKERS,
        _renewals,
        readers=ACCOUNT_READERS,
    ),
}
_TABLE: frozenset[Form] = frozenset({"csv"})
UPLOADS: dict[str, Brought] = {
    "receive": Brought(frozenset({"xml", "csv", "xlsx", "json"})),
    "statement": Brought(frozenset({"xml", "csv"}), bytes_max=50 * MEGABYTE),
    "account_answers": Brought(_TABLE, of_bank=True),
    "account_notices": Brought(_TABLE, of_bank=True),
    "renewals": Brought(_TABLE),
}
