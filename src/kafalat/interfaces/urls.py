"""Every address of the console and the public pages, under the language they are read in."""

from __future__ import annotations

from django.conf.urls.i18n import i18n_patterns
from django.contrib.auth import views as auth_views
from django.urls import path, register_converter

from kafalat.core.quarters import Quarter, parse_quarter
from kafalat.enrolment.models import Change
from kafalat.interfaces import callbacks
from kafalat.interfaces.console import (
    account_changes,
    accounts,
    alerts,
    banks,
    books,
    calendar,
    committees,
    counter,
    cycle_steps,
    cycles,
    explained,
    files,
    households,
    idle,
    jobs,
    life,
    outbox,
    payments,
    recalls,
    reconciliation,
    runs,
    simulation,
    standing,
)
from kafalat.interfaces.console.overview import overview
from kafalat.interfaces.public.guide import guide
from kafalat.interfaces.public.status import status
from kafalat.payments.access import ACTS


class ActConverter:
    """The three decisions about a payment list."""

    regex = "|".join(ACTS)

    def to_python(self, value: str) -> str:
        """Return the decision as it stands."""
        return value

    def to_url(self, value: str) -> str:
        """Return the decision as it stands."""
        return value


class ChangeConverter(ActConverter):
    """What can change about a payee."""

    regex = "|".join(Change.Kind.values)


class StandingConverter(ActConverter):
    """What can be done about where a family stands."""

    regex = "suspend|reinstate|exit"


class TrancheConverter:
    """A tranche, as in 2026Q1."""

    regex = "[0-9]{4}Q[1-4]"

    def to_python(self, value: str) -> Quarter:
        """Return the quarter."""
        return parse_quarter(value)

    def to_url(self, value: Quarter | str) -> str:
        """Return the quarter as it is written."""
        return str(value)


register_converter(ActConverter, "act")
register_converter(TrancheConverter, "tranche")
register_converter(ChangeConverter, "change")
register_converter(StandingConverter, "standing")

urlpatterns = i18n_patterns(
    path("", overview, name="overview"),
    path("login/", auth_views.LoginView.as_view(template_name="registration/login.html"), name="login"),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("households/", households.search, name="households"),
    path("households/<int:household_id>/", households.household, name="household"),
    path("households/<int:household_id>/slip/", explained.slip, name="slip"),
    path("households/<int:household_id>/what-if/", explained.what_if, name="what_if"),
    path("runs/", runs.runs, name="runs"),
    path("runs/<int:run_id>/", runs.run, name="run"),
    path("simulation/", simulation.simulation, name="simulation"),
    path("simulation/save/", simulation.save, name="simulation_save"),
    path("simulation/compare/", simulation.compare, name="simulation_compare"),
    path("simulation/saved/<int:number>/", simulation.saved, name="simulation_saved"),
    path("simulation/export.csv", simulation.export, {"kind": "csv"}, name="simulation_csv"),
    path("simulation/export.json", simulation.export, {"kind": "json"}, name="simulation_json"),
    path("cycles/", cycles.cycles, name="cycles"),
    path("cycles/<int:cycle_id>/", cycles.cycle, name="cycle"),
    path("cycles/open/<tranche:tranche>/", cycle_steps.open_next, name="cycle_open"),
    path("cycles/<int:cycle_id>/close/", cycle_steps.close, name="cycle_close"),
    path("cycles/<int:cycle_id>/returns/", cycle_steps.returns, name="cycle_returns"),
    path("cycles/<int:cycle_id>/send/", cycle_steps.send, name="cycle_send"),
    path("cycles/<int:cycle_id>/held-back/", payments.held_back, name="held_back"),
    path("cycles/<int:cycle_id>/prepare/<slug:phase>/", payments.prepare, name="prepare"),
    path("payments/", payments.payments, name="payments"),
    path("payments/<slug:identity>/", payments.payment, name="payment"),
    path("payments/<slug:identity>/recall/", recalls.ask, name="recall_ask"),
    path("recalls/", recalls.recalls, name="recalls"),
    path("recalls/<slug:message_id>/", recalls.recall, name="recall"),
    path("idle/", idle.idle, name="idle"),
    path("idle/payments/", idle.idle_payments, name="idle_payments"),
    path("outbox/", outbox.outbox, name="outbox"),
    path("lists/<int:payment_list_id>/cover/", payments.cover, name="cover"),
    path("calendar/", calendar.calendar, name="calendar"),
    path("reconciliation/", reconciliation.reconciliation, name="reconciliation"),
    path("reconciliation/lines/", reconciliation.reconciliation_lines, name="reconciliation_lines"),
    path(
        "reconciliation/lines/<int:line_id>/", reconciliation.reconciliation_line, name="reconciliation_line"
    ),
    path("ledger/", books.ledger, name="ledger"),
    path("ledger/rows/", books.ledger_rows, name="ledger_rows"),
    path("ledger/check/", jobs.check_books, name="check_books"),
    path("banks/", banks.banks, name="banks"),
    path("files/", files.files, name="files"),
    path("jobs/", jobs.jobs, name="jobs"),
    path("jobs/<int:job_id>/", jobs.job, name="job"),
    path("jobs/<int:job_id>/cancel/", jobs.cancel, name="job_cancel"),
    path("cycles/<int:cycle_id>/back/", cycles.came_back, name="came_back"),
    path("lists/<int:payment_list_id>/<act:act>/", cycles.decide, name="decide"),
    path("counter/", counter.counter, name="counter"),
    path("counter/begin/", counter.begin, name="counter_begin"),
    path("counter/pay/", counter.pay_out, name="counter_pay"),
    path("counter/approvals/", counter.approvals, name="counter_approvals"),
    path("counter/verifications/<int:verification_id>/", counter.verification, name="verification"),
    path("counter/receipts/<int:withdrawal_id>/", counter.receipt, name="receipt"),
    path("counter/receipts/<int:withdrawal_id>/paper/", counter.receipt_paper, name="receipt_paper"),
    path("alerts/", alerts.alerts, name="alerts"),
    path("alerts/<int:alert_id>/", alerts.alert, name="alert"),
    path("committees/", committees.lists, name="committee_lists"),
    path("committees/statistics/", committees.statistics, name="committee_statistics"),
    path("committees/interviews/", committees.resurvey, name="committee_resurvey"),
    path("committees/<int:list_id>/", committees.one, name="committee_list"),
    path("committees/<int:list_id>/verdicts/", committees.receive, name="committee_verdicts"),
    path("committees/<int:list_id>/paper/", committees.paper, name="committee_paper"),
    path("accounts/", accounts.overview, name="accounts"),
    path("accounts/life/", life.queue, name="life_queue"),
    path("accounts/titles/<int:account_id>/", accounts.title, name="account_title"),
    path("accounts/changes/<int:change_id>/", account_changes.one, name="account_change"),
    path("accounts/of/<int:beneficiary_id>/", accounts.one, name="beneficiary"),
    path("accounts/of/<int:beneficiary_id>/<change:kind>/", account_changes.ask, name="change_ask"),
    path("accounts/of/<int:beneficiary_id>/standing/<standing:act>/", standing.standing, name="standing"),
    path("status/", status, name="status"),
    path("guide/", guide, name="guide"),
)
# Outside the languages: a tablet's worker serves the lists of both.
urlpatterns.append(path("callbacks/<slug:provider>/", callbacks.wallet_callback, name="wallet_callback"))
urlpatterns.append(path("committee-worker.js", committees.worker, name="committee_worker"))

handler400 = "kafalat.interfaces.problems.misread"
handler403 = "kafalat.interfaces.problems.refused"
handler404 = "kafalat.interfaces.problems.lost"
handler500 = "kafalat.interfaces.problems.failed"
