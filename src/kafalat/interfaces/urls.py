"""Every address of the console and the public pages, under the language they are read in."""

from __future__ import annotations

from django.conf.urls.i18n import i18n_patterns
from django.contrib.auth import views as auth_views
from django.urls import path, register_converter

from kafalat.interfaces.console import committees, cycles, explained, households, runs, simulation
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


register_converter(ActConverter, "act")

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
    path("cycles/<int:cycle_id>/back/", cycles.came_back, name="came_back"),
    path("lists/<int:payment_list_id>/<act:act>/", cycles.decide, name="decide"),
    path("committees/", committees.lists, name="committee_lists"),
    path("committees/statistics/", committees.statistics, name="committee_statistics"),
    path("committees/interviews/", committees.resurvey, name="committee_resurvey"),
    path("committees/<int:list_id>/", committees.one, name="committee_list"),
    path("committees/<int:list_id>/verdicts/", committees.receive, name="committee_verdicts"),
    path("committees/<int:list_id>/paper/", committees.paper, name="committee_paper"),
    path("status/", status, name="status"),
    path("guide/", guide, name="guide"),
)
# Outside the languages: a tablet's worker serves the lists of both.
urlpatterns.append(path("committee-worker.js", committees.worker, name="committee_worker"))

handler400 = "kafalat.interfaces.problems.misread"
handler403 = "kafalat.interfaces.problems.refused"
handler404 = "kafalat.interfaces.problems.lost"
handler500 = "kafalat.interfaces.problems.failed"
