"""The floor of an API answer: a Django view that runs the same statements and sends what the last one gave.

``BENCH_STATEMENTS`` names a JSON file, {path of the API: [SQL, …]}.
"""

import json
import os
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "emgapiv2.settings")
django.setup()

from django.conf import settings  # noqa: E402 - after Django is set up
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.urls import re_path  # noqa: E402

STATEMENTS: dict[str, list[str]] = json.loads(Path(os.environ["BENCH_STATEMENTS"]).read_text())


def answer(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        for statement in STATEMENTS[request.get_full_path()]:
            cursor.execute(statement)
            rows = cursor.fetchall()
    body = ",".join(str(row[-1]) for row in rows).encode()
    return HttpResponse(body, content_type="application/json", headers={"Content-Length": str(len(body))})


urlpatterns = [re_path(".*", answer)]
settings.ROOT_URLCONF = __name__
settings.MIDDLEWARE = []
settings.DATABASES["default"]["OPTIONS"] = {"options": "-c jit=off"}
application = get_wsgi_application()
