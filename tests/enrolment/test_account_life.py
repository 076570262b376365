"""From the request at a bank to the first credit: every step, every refusal, one wallet per woman, nothing in clear."""

from __future__ import annotations

import csv
import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction

from kafalat.core.identifiers import synthetic_iban
from kafalat.core.problems import Problem
from kafalat.enrolment.answers import receive_account_answers
from kafalat.enrolment.enrol import IBAN_PURPOSE, open_accounts
from kafalat.enrolment.models import Account, AccountFile, AccountRequest, Event
from kafalat.enrolment.notices import close_unvisited, decide_title
from kafalat.enrolment.payable import reasons_of
from kafalat.enrolment.requests import COLUMNS, reference_of, request_accounts
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.registry import bulk
from kafalat.registry.models import Person
from kafalat.registry.selectors import CNIC_PURPOSE, MOBILE_PURPOSE
from tests.conftest import NOW
from tests.enrolment.steps import (
    TODAY,
    answered,
    notice,
    noticed,
    officer,
    opening,
    paid_into,
    refused_by,
    requested,
    without_accounts,
    years_from_now,
)


def asked(office: Office, folder: Path, channel: str = "account") -> list[AccountRequest]:
    """Ask anew for everybody's account and return the requests of one bank of this channel, in order."""
    without_accounts()
    requested(office, folder)
    first = AccountRequest.objects.filter(channel=channel).order_by("pk")[0]
    return list(AccountRequest.objects.filter(bank=first.bank).select_related("payee").order_by("pk"))


def states() -> tuple[int, int, int, int]:
    """What a refused file must leave as it was."""
    waiting = AccountRequest.objects.filter(status="requested").count()
    return waiting, Account.objects.count(), AccountFile.objects.count(), Event.objects.count()


# ---- requests --------------------------------------------------------------------------------------------------


def test_each_bank_is_sent_the_identity_of_its_payees_and_of_nobody_else(
    office: Office, enrolled: str, tmp_path: Path
) -> None:
    without_accounts()
    files = requested(office, tmp_path)
    assert len(files) >= 4
    for file in files:
        with file.path.open(encoding="utf-8", newline="") as text:
            rows = list(csv.DictReader(text))
        assert tuple(rows[0]) == COLUMNS
        asked_for = AccountRequest.objects.filter(bank=file.bank).select_related("payee__household")
        expected = [
            (reference_of(r.pk), office.sealer.unseal(bytes(r.payee.cnic_sealed or b""), CNIC_PURPOSE))
            for r in asked_for.order_by("pk")
        ]
        assert [(row["reference"], row["cnic"]) for row in rows] == expected
        assert len(rows) == file.requests
        assert file.path.stat().st_mode & 0o077 == 0
        years = {TODAY.year - int(row["birth_year"]) for row in rows}
        assert min(years) >= 15
    assert requested(office, tmp_path) == []  # asked for once


def test_an_installation_without_rules_asks_for_nothing(
    office: Office, enrolled: str, tmp_path: Path
) -> None:
    from_programme = office.programme.model_copy(update={"accounts": None})
    bare = Office(office.home)
    bare.__dict__["programme"] = from_programme
    with pytest.raises(Problem, match=r"accounts\.yaml"):
        requested(bare, tmp_path)


# ---- answers ---------------------------------------------------------------------------------------------------


def test_an_account_opens_has_its_title_matched_and_waits_for_a_visit_before_it_is_paid_into(
    office: Office, enrolled: str, tmp_path: Path
) -> None:
    first, second, third, *_ = asked(office, tmp_path)
    taken = answered(
        office,
        tmp_path / "a.csv",
        first.bank,
        [
            opening(office, first),
            opening(office, second, title="GHULAM RASOOL"),
            (reference_of(third.pk), "refused", "", "", "", "on a list"),
        ],
    )
    assert (taken.opened, taken.doubtful, taken.refused) == (2, 1, 1)
    hers, doubtful = Account.objects.order_by("pk")
    assert (hers.status, hers.title_status, hers.title_similarity) == ("inactive", "matched", 100)
    assert (doubtful.status, doubtful.title_status) == ("opened", "doubtful")

    def reasons(beneficiary_id: int) -> set[str]:
        found = reasons_of(beneficiary_id=beneficiary_id, programme_code=office.programme.code, day=TODAY)
        return set(found) & {"no_account", "account_not_active", "title_not_matched"}

    assert reasons(first.beneficiary_id) == {"account_not_active"}
    assert reasons(second.beneficiary_id) == {"account_not_active", "title_not_matched"}
    assert reasons(third.beneficiary_id) == {"no_account"}
    row = notice(office, hers, "activated", method="biometric")
    assert noticed(office, tmp_path / "b.csv", first.bank, [row]) == {"activated": 1}
    assert reasons(first.beneficiary_id) == set()
    history = Event.objects.filter(beneficiary_id=first.beneficiary_id).order_by("pk")
    assert [(e.kind, e.before, e.after, e.by) for e in history] == [
        ("request", "requested", "opened", "accounts"),
        ("title", "pending", "matched", "accounts"),
        ("account", "opened", "inactive", "accounts"),
        ("account", "inactive", "active", "accounts"),
    ]


def test_a_person_decides_about_a_doubtful_title_once(office: Office, enrolled: str, tmp_path: Path) -> None:
    first, second, *_ = asked(office, tmp_path)
    rows = [opening(office, one, title="GHULAM RASOOL") for one in (first, second)]
    answered(office, tmp_path / "a.csv", first.bank, rows)
    yes, no = Account.objects.order_by("pk")
    decide_title(account_id=yes.pk, same=True, reason="seen her card", user=officer(), at=NOW)
    decide_title(account_id=no.pk, same=False, reason="another person", user=officer(), at=NOW)
    yes.refresh_from_db()
    no.refresh_from_db()
    assert (yes.status, yes.title_status) == ("inactive", "matched")
    assert (no.status, no.title_status, no.closed_on) == ("closed", "refused", TODAY)
    with pytest.raises(Problem, match="does not wait"):
        decide_title(account_id=no.pk, same=True, reason="after all", user=officer(), at=NOW)


FAULTS = ("unknown", "twice", "other_bank", "check_digits", "no_title", "iban_twice", "sim_twice", "outcome")


@pytest.mark.parametrize("fault", FAULTS)
def test_an_answer_with_one_wrong_line_changes_nothing(
    office: Office, enrolled: str, tmp_path: Path, fault: str
) -> None:
    requests = asked(office, tmp_path, "wallet")
    good = [opening(office, one, mobile=f"0333000{one.pk:04d}") for one in requests[:2]]
    last = list(opening(office, requests[2]))
    if fault == "unknown":
        last[0] = reference_of(10**9)
    elif fault == "twice":
        last[0] = good[0][0]
    elif fault == "other_bank":
        last[2] = synthetic_iban("SCBL", 77)
    elif fault == "check_digits":
        last[2] = last[2][:-1] + str((int(last[2][-1]) + 1) % 10)
    elif fault == "no_title":
        last[3] = ""
    elif fault == "iban_twice":
        last[2] = good[0][2]
    elif fault == "sim_twice":
        last[4] = good[0][4]
    else:
        last[1] = "perhaps"
    before = states()
    with pytest.raises(Problem) as caught:
        answered(office, tmp_path / "a.csv", requests[0].bank, [*good, tuple(last)])
    assert (caught.value.code, caught.value.details["line"]) == ("accounts.file_invalid", 4)
    assert last[2] not in caught.value.text("en") or fault == "outcome"
    assert states() == before
    answered(office, tmp_path / "b.csv", requests[0].bank, good)  # control: without that line it goes through
    assert Account.objects.count() == 2
    with pytest.raises(Problem) as again:
        answered(office, tmp_path / "b.csv", requests[0].bank, good)
    assert again.value.code in {"accounts.file_known", "accounts.file_invalid"}


def test_a_file_that_is_no_table_is_refused(office: Office, enrolled: str, tmp_path: Path) -> None:
    requests = asked(office, tmp_path)
    row = ",".join(opening(office, requests[0]))
    for text in (
        b"",
        b"reference,outcome\nA1,opened\n",
        b"reference,outcome,iban,title,mobile,reason\n",
        f"reference,outcome,iban,title,mobile,reason\n{row},more\n".encode(),
        b"reference,outcome,iban,title,mobile,reason\n\xff\xfe\n",
        b'reference,outcome,iban,title,mobile,reason\n"A1,opened\n',
    ):
        before, path = states(), tmp_path / "bad.csv"
        path.write_bytes(text)
        with pytest.raises(Problem) as caught:
            receive_account_answers(
                path=path,
                bank=requests[0].bank,
                programme=office.programme,
                sealer=office.sealer,
                received_on=TODAY,
                user=officer(),
                at=NOW,
            )
        assert caught.value.code == "accounts.file_invalid"
        assert states() == before


# ---- what the database holds -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("status = 'inactive'", "account_transition"),
        ("status = 'opened'", "account_transition"),
        ("title_status = 'doubtful'", "account_title_transition"),
        ("activation = '', activation_reference = ''", "account_visit_before_use"),
        ("status = 'closed'", "account_closed_when"),
        ("activation = 'biometric', activation_reference = ''", "account_visit_reference"),
    ],
)
def test_an_account_takes_no_step_that_is_not_declared(enrolled: str, change: str, constraint: str) -> None:
    account = paid_into()
    statement = f"UPDATE enrolment_account SET {change} WHERE id = {account.pk}"
    assert refused_by(statement) == constraint


def test_an_account_is_not_activated_before_its_title_matches(
    office: Office, enrolled: str, tmp_path: Path
) -> None:
    first, *_ = asked(office, tmp_path)
    answered(office, tmp_path / "a.csv", first.bank, [opening(office, first, title="GHULAM RASOOL")])
    account = Account.objects.get()
    assert refused_by("UPDATE enrolment_account SET status = 'inactive'") == "account_title_before_use"
    row = notice(office, account, "activated", method="biometric")
    with pytest.raises(Problem, match="line 2"):
        noticed(office, tmp_path / "b.csv", first.bank, [row])
    assert Account.objects.get().status == "opened"


def test_a_woman_has_one_wallet_and_a_sim_opens_one(enrolled: str) -> None:
    wallet = paid_into("wallet")
    other = Account.objects.filter(channel="account", status="active").order_by("pk")[0]
    columns = "beneficiary_id, payee_id, bank, bank_bic, channel, iban_sealed, iban_last4, mobile_sealed, synthetic, opened_on"
    insert = f"INSERT INTO enrolment_account ({columns}) SELECT %s, %s, bank, bank_bic, 'wallet', '\\x01', '0000', %s, true, opened_on FROM enrolment_account LIMIT 1"
    bulk.execute(
        "UPDATE enrolment_account SET status = 'closed', closed_on = opened_on WHERE id = %s", [other.pk]
    )
    for payee, mobile, constraint in (
        (wallet.payee_id, b"\x02", "account_one_wallet_per_payee"),
        (other.payee_id, bytes(wallet.mobile_sealed or b""), "account_one_wallet_per_mobile"),
    ):
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            bulk.execute(insert, [other.beneficiary_id, payee, mobile])
    bulk.execute(
        insert, [other.beneficiary_id, other.payee_id, b"\x02"]
    )  # control: hers, with a SIM of her own


def test_history_is_written_with_every_change_and_by_nobody_else(enrolled: str) -> None:
    account = paid_into()
    before = Event.objects.count()
    bulk.execute(
        "UPDATE enrolment_account SET status = 'blocked', status_by = 'x', status_reason = 'why' WHERE id = %s",
        [account.pk],
    )
    event = Event.objects.latest("id")
    assert (Event.objects.count(), event.after, event.by, event.reason) == (before + 1, "blocked", "x", "why")
    for statement in (
        "INSERT INTO enrolment_event SELECT * FROM enrolment_event",
        "UPDATE enrolment_event SET by = 'nobody'",
        "DELETE FROM enrolment_event",
    ):
        with pytest.raises(Exception, match="permission denied"), transaction.atomic():
            bulk.execute(statement)


def test_accounts_nobody_came_for_are_closed_and_asked_for_anew(
    office: Office, enrolled: str, tmp_path: Path
) -> None:
    first, *_ = asked(office, tmp_path)
    answered(office, tmp_path / "a.csv", first.bank, [opening(office, first)])
    args: dict[str, Any] = {"programme": office.programme, "user": officer(), "at": NOW}
    assert close_unvisited(today=TODAY, **args) == 0  # control: today is not too late
    assert close_unvisited(today=years_from_now(1), **args) == 1
    again = [file for file in requested(office, tmp_path) if file.bank == first.bank]
    assert [file.requests for file in again] == [1]


def test_two_who_open_at_once_open_each_account_once(office: Office, enrolled: str) -> None:
    without_accounts()
    opened: list[int] = []
    start = threading.Barrier(2)

    def work() -> None:
        start.wait()
        try:
            opened.append(
                open_accounts(
                    programme=office.programme,
                    sealer=office.sealer,
                    issue_iban=synthetic_iban,
                    synthetic=True,
                    opened_on=TODAY,
                    actor="test",
                    at=NOW,
                )
            )
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(opened) == [0, Account.objects.count()]
    assert Account.objects.count() > 100


def test_no_account_card_or_mobile_number_stands_anywhere_in_clear(office: Office, enrolled: str) -> None:
    """Every column of every table as text: the numbers are looked for as they are, and as they are printed."""
    numbers = {
        office.sealer.unseal(bytes(sealed), IBAN_PURPOSE)[8:]
        for sealed in Account.objects.values_list("iban_sealed", flat=True)
    }
    for column, purpose in (("cnic_sealed", CNIC_PURPOSE), ("mobile_sealed", MOBILE_PURPOSE)):
        sealed_values = Person.objects.exclude(**{column: None}).values_list(column, flat=True)[:500]
        numbers |= {office.sealer.unseal(bytes(sealed), purpose)[-10:] for sealed in sealed_values}
    tables = [
        table
        for (table,) in bulk.rows(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND has_table_privilege(tablename::regclass, 'SELECT') "
            "AND (tablename LIKE 'enrolment%%' OR tablename LIKE 'audit%%' OR tablename LIKE 'registry%%')"
        )
    ]
    assert {"enrolment_account", "enrolment_change", "enrolment_event", "registry_person"} <= set(tables)
    for table in tables:
        text = "\n".join(row for (row,) in bulk.rows(f'SELECT t::text FROM "{table}" AS t'))
        assert not [number for number in numbers if number in text], table
    # Control: the same search finds what does stand in clear.
    shown = Account.objects.values_list("iban_last4", flat=True)[0]
    assert any(shown in row for (row,) in bulk.rows("SELECT t::text FROM enrolment_account AS t"))


def test_only_account_officers_do_this_work(office: Office, enrolled: str, tmp_path: Path) -> None:
    for username in ("auditor", "maker", "clerk"):
        with pytest.raises(Problem) as caught:
            request_accounts(
                programme=office.programme,
                sealer=office.sealer,
                folder=tmp_path,
                asked_on=TODAY,
                user=staff(username),
                at=NOW,
            )
        assert caught.value.code == "access.refused"
