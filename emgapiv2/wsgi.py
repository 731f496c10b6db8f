"""The WSGI entry point: ``gunicorn emgapiv2.wsgi``."""

import os
import re
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "emgapiv2.settings")
# Only here, where somebody waits for each answer: flows, the service and migrations may take their time.
# To compile a statement takes longer than any page is allowed to.
timeout_ms = round(settings.EMG_CONFIG.api.statement_timeout_seconds * 1000)
settings.DATABASES["default"]["OPTIONS"] = {"options": f"-c statement_timeout={timeout_ms} -c jit=off"}
PARAMETERS = re.compile(r";\s*(?!boundary=)[^;]*", re.IGNORECASE)
_django = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Any) -> Any:
    """All is UTF-8 here: over an odd charset Django breaks before anything of ours, even a middleware, could answer."""
    environ["CONTENT_TYPE"] = PARAMETERS.sub("", environ.get("CONTENT_TYPE", ""))
    return _django(environ, start_response)


from workflows.start_checks import refuse_wrong_start  # noqa: E402 - only now there are apps to ask

refuse_wrong_start()
