"""Django settings. Nothing here is secret and nothing has a secret default: keys and connections lie in the home folder."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from csp.constants import NONE, SELF, UNSAFE_INLINE

from kafalat.config.home import Home, default_path

PACKAGE = Path(__file__).resolve().parent.parent
HOME = Home(default_path())
_secret = HOME.keys / "django_secret_key"
# An empty key makes Django refuse to start; `boot.prepare` makes the file first.
SECRET_KEY = _secret.read_text(encoding="ascii").strip() if _secret.exists() else ""

DEBUG = False
_hosts = os.environ.get("KAFALAT_ALLOWED_HOSTS", "")
ALLOWED_HOSTS = [
    "127.0.0.1",
    "localhost",
    "[::1]",
    *(name.strip() for name in _hosts.split(",") if name.strip()),
]

INSTALLED_APPS = [
    "kafalat.audit",
    "kafalat.registry",
    "kafalat.targeting",
    "kafalat.enrolment",
    "kafalat.payments",
    "kafalat.integrity",
    "kafalat.interfaces",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "csp",
    "procrastinate.contrib.django",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Pages are read on slow lines. Django pads compressed pages by a random length, and masks form tokens anew each time.
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "kafalat.interfaces.problems.UploadLimit",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "kafalat.interfaces.problems.ProblemMiddleware",
]
ROOT_URLCONF = "kafalat.interfaces.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "string_if_invalid": "",
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "kafalat.interfaces.context.page",
            ],
        },
    }
]

# Both connections are named in the libpq service file that `postgres.start` writes.
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        # Whatever is read through a cursor is read to its end; planned for its first rows, a bank file looked up every payment
        # there ever was.
        "OPTIONS": {"service": "kafalat_app", "options": "-c cursor_tuple_fraction=1"},
    },
    "owner": {"ENGINE": "django.db.backends.postgresql", "OPTIONS": {"service": "kafalat_owner"}},
}
# The queue of background work lies in the same database; its tasks are found by name.
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = ""
PROCRASTINATE_IMPORT_PATHS = ["kafalat.interfaces.jobs.clockwork"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "login"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ur", "اردو")]
LOCALE_PATHS = [PACKAGE / "interfaces" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Karachi"

# What a browser sends is never written where others can read.
FILE_UPLOAD_TEMP_DIR = HOME.uploads

STATIC_URL = "/static/"
STATICFILES_DIRS = [PACKAGE / "interfaces" / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = int(timedelta(days=1).total_seconds())

SESSION_COOKIE_AGE = int(timedelta(hours=8).total_seconds())
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "kafalat.interfaces.problems.without_token"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        # Charts are SVG in the page; their text carries style attributes.
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
