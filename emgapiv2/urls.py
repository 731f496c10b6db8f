"""Where things are mounted."""

from django.conf import settings
from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

from emgapiv2.api import api, index

API_URLS = api.urls
PREFIXES = [f"{prefix.strip('/')}/" for prefix in settings.EMG_CONFIG.service_urls.api_prefixes]

urlpatterns = [
    path("", RedirectView.as_view(url=f"/{PREFIXES[0]}docs")),
    path("admin/", admin.site.urls),
    path(PREFIXES[0], index),
    *(path(prefix, API_URLS) for prefix in PREFIXES),
]
