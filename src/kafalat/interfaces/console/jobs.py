"""Work in the background: what runs, how far it is, how it ended, and the way to stop it."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kafalat.interfaces.jobs import selectors
from kafalat.interfaces.jobs.access import access_job, access_jobs, may_cancel
from kafalat.interfaces.jobs.kinds import KINDS
from kafalat.interfaces.jobs.of_files import UPLOADS
from kafalat.interfaces.jobs.services import cancel_job, start_job
from kafalat.interfaces.models import Job

PAGE_SIZE = 25


@require_safe
def jobs(request: HttpRequest) -> HttpResponse:
    """List the work in the background, newest first."""
    kinds = access_jobs(cast(User, request.user))
    page = Paginator(selectors.jobs(kinds), PAGE_SIZE).get_page(request.GET.get("page"))
    rows = [(job, KINDS[job.kind].title) for job in page]
    return render(request, "console/jobs.html", {"page": page, "rows": rows})


@require_safe
def job(request: HttpRequest, job_id: int) -> HttpResponse:
    """Show one piece of work: its progress while it runs, its result or refusal once it is over."""
    user = cast(User, request.user)
    found = selectors.job_by_id(job_id)
    access_job(user, found)
    context = {
        "job": found,
        "title": KINDS[found.kind].title,
        "may_cancel": may_cancel(user, found),
        "place": place_of(found),
        "brings": found.kind in UPLOADS,
    }
    return render(request, "console/job.html", context)


# Where a refusal is put right, by its code; the cycle of the job fills the address.
_PLACES = {
    "payments.phase_unpaid": "cycle_close",
    "payments.cycle_unfinished": "cycle_close",
    "payments.money_without_owner": "cycle_close",
    "payments.nothing_to_pay": "held_back",
}


def place_of(job: Job) -> str:
    """Return the address where what refused a job is put right, or nothing."""
    name, cycle_id = _PLACES.get(job.result.get("problem", "")), job.arguments.get("cycle_id")
    return reverse(name, args=[cycle_id]) if name and cycle_id else ""


@require_POST
def cancel(request: HttpRequest, job_id: int) -> HttpResponse:
    """Ask a job to stop."""
    cancel_job(job_id=job_id, user=cast(User, request.user), at=timezone.now())
    messages.success(request, _("The work is being stopped; what it began is undone."))
    return redirect("job", job_id=job_id)


@require_POST
def check_books(request: HttpRequest) -> HttpResponse:
    """Start a check of the whole ledger."""
    started = start_job(kind="ledger", arguments={}, user=cast(User, request.user), at=timezone.now())
    return redirect("job", job_id=started.pk)
