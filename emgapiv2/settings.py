"""Django settings: wiring only. What a deployment may choose is in :mod:`emgapiv2.config`."""

import secrets
from pathlib import Path

from emgapiv2.checked_config import load_config

EMG_CONFIG = load_config()
BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = EMG_CONFIG.web.debug
# In debug a fresh key each start: sessions end with the process, and no key is ever written down.
SECRET_KEY = EMG_CONFIG.web.secret_key.get_secret_value() if EMG_CONFIG.web.secret_key else secrets.token_urlsafe(50)
_jwt_key = EMG_CONFIG.webin.jwt_secret_key
JWT_SECRET_KEY = _jwt_key.get_secret_value() if _jwt_key else secrets.token_urlsafe(50)
ALLOWED_HOSTS = EMG_CONFIG.web.allowed_hosts
CSRF_TRUSTED_ORIGINS = EMG_CONFIG.web.csrf_trusted_origins
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = EMG_CONFIG.service_urls.site_url.startswith("https://")

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "ninja",
    "ena",
    "analyses",
    "workflows",
    "emgapiv2",
]

MIDDLEWARE = [
    "emgapiv2.api.request_log.log_requests",
    "emgapiv2.api.middleware.api_wire_rules",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "emgapiv2.urls"
WSGI_APPLICATION = "emgapiv2.wsgi.application"
APPEND_SLASH = False  # the API answers both forms itself, without a redirect

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = {
    "default": {
        "ENGINE": "emgapiv2.postgres",
        "HOST": EMG_CONFIG.database.host,
        "PORT": EMG_CONFIG.database.port,
        "NAME": EMG_CONFIG.database.name,
        "USER": EMG_CONFIG.database.user,
        "PASSWORD": EMG_CONFIG.database.password.get_secret_value(),
        "CONN_MAX_AGE": EMG_CONFIG.database.conn_max_age_seconds,
        "CONN_HEALTH_CHECKS": True,
    }
}

# In each process. Two, so that many questions push nobody's number of calls out.
CACHES = {
    name: {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": name,
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
    for name in ("default", "counts")
}

AUTH_PASSWORD_VALIDATORS = [{"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"}]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-gb"
USE_I18N = False
FORMAT_MODULE_PATH = ["emgapiv2.formats"]

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
WHITENOISE_USE_FINDERS = True  # serves from the packages: no collectstatic step to forget
WHITENOISE_AUTOREFRESH = False

UNFOLD = {
    "SITE_TITLE": "MGnify production",
    "SITE_HEADER": "MGnify production",
    "DASHBOARD_CALLBACK": "workflows.admin.dashboard.add_sections",
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "httpx": {"level": "WARNING"},  # one line a request of each turn of the waker says nothing
        "django.request": {"level": "ERROR"},  # each refusal has its line already
    },
}
