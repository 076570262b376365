"""Turns a problem of the catalogue into a clear page in the reader's language, and names the pages for lost and failed requests."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kafalat.core.problems import Problem, problem
from kafalat.interfaces import context, uploads

SERVER_FAULT = 500


class ProblemMiddleware:
    """Answers a `Problem` with its sentence and HTTP status; anything else stays an error."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Return the page of a problem, or None for every other exception."""
        if not isinstance(exception, Problem):
            return None
        language = context.language_in_use(get_language())
        values = {"sentence": exception.text(language), "code": exception.code}
        status = exception.entry.http_status
        if status >= SERVER_FAULT:
            # What failed may be the database: this page asks it nothing.
            page = {**values, **context.plain(request)}
            return HttpResponse(render_to_string("errors/problem_plain.html", page), status=status)
        return render(request, "errors/problem.html", values, status=status)


class UploadLimit:
    """Refuses a request that is larger than any file may be, by what it says of itself, before a byte of it is read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on, or answer it."""
        stated = request.META.get("CONTENT_LENGTH", "")
        if not (stated.isdecimal() and int(stated[:18]) > uploads.REQUEST_BYTES_MAX):
            return self.get_response(request)
        most = f"{uploads.BYTES_MAX // uploads.MEGABYTE} MB"
        refusal = problem("uploads.too_large", file=_("The file"), most=most)
        sentence = refusal.text(context.language_in_use(get_language()))
        page = {"sentence": sentence, "code": refusal.code, **context.plain(request)}
        status = refusal.entry.http_status
        return HttpResponse(render_to_string("errors/problem_plain.html", page), status=status)


def misread(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer a request that cannot be understood (an unknown host name, for one)."""
    del exception
    return HttpResponse(render_to_string("errors/400.html", context.plain(request)), status=400)


def refused(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer a request that is not allowed (a form without its token, for one)."""
    del exception
    return HttpResponse(render_to_string("errors/403.html", context.plain(request)), status=403)


def without_token(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form that came without its token."""
    del reason
    return refused(request)


def lost(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer a request for a page that does not exist."""
    del exception
    return HttpResponse(render_to_string("errors/404.html", context.plain(request)), status=404)


def failed(request: HttpRequest) -> HttpResponse:
    """Answer a request that broke something of ours; asks the database nothing."""
    return HttpResponse(render_to_string("errors/500.html", context.plain(request)), status=500)
