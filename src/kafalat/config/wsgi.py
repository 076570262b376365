"""The web server's entry point, `kafalat.config.wsgi:application`. The database must be up already (`boot.database`)."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from kafalat.config import boot

_home = boot.prepare()
# A worker started by itself finds the connections where the server's start wrote them.
os.environ.setdefault("PGSERVICEFILE", str(_home.service_file))
application = get_wsgi_application()
