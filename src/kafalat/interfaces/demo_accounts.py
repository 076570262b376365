"""The demo's banks open accounts: requests leave, simulated banks answer, most payees come to activate, some do not."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from kafalat.adapters.banks.simulated_accounts import answer_requests, report_visits
from kafalat.core.progress import Progress
from kafalat.enrolment.account_selectors import files_without_answer
from kafalat.enrolment.answers import receive_account_answers
from kafalat.enrolment.notices import receive_account_notices
from kafalat.enrolment.requests import request_accounts, write_requests
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.policy.geography import banks_by_code


def open_demo_accounts(*, office: Office, seed: int, today: date, at: datetime, progress: Progress) -> None:
    """Take every payee without an account from the request to the visit; done again, it goes on from where it stood."""
    officer, folder = staff("accounts"), office.home.bank / "accounts"
    request_accounts(
        programme=office.programme,
        sealer=office.sealer,
        folder=folder / "outgoing",
        asked_on=today,
        user=officer,
        at=at,
    )
    files = files_without_answer()
    banks = banks_by_code(office.programme)
    for number, file in enumerate(files, 1):
        path = folder / "outgoing" / file.bank / file.name
        if not path.exists():  # stopped between the database and the folder
            write_requests(file=file, path=path, programme=office.programme, sealer=office.sealer)
        answer = answer_requests(path.read_bytes(), iban_code=banks[file.bank].iban_code, seed=seed)
        answers = _kept(folder / "incoming" / file.bank / f"answer-{file.name}", answer)
        receive_account_answers(
            path=answers,
            bank=file.bank,
            programme=office.programme,
            sealer=office.sealer,
            received_on=today,
            user=officer,
            at=at,
        )
        notices = report_visits(answer, day=today.isoformat(), seed=seed)
        if notices.count(b"\n") > 1:
            receive_account_notices(
                path=_kept(folder / "incoming" / file.bank / f"visits-{file.name}", notices),
                bank=file.bank,
                programme=office.programme,
                sealer=office.sealer,
                user=officer,
                at=at,
            )
        progress(number / len(files))
    progress(1.0)


def _kept(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(content)
    return path
