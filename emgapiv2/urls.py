"""Where things are mounted."""

from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

from emgapiv2.api import api, index
from emgapiv2.api.middleware import PREFIXES

API_URLS = api.urls

urlpatterns = [
    path("", RedirectView.as_view(url=f"{PREFIXES[0]}docs")),
    path("admin/", admin.site.urls),
    path(PREFIXES[0][1:], index),
    *(path(prefix[1:], API_URLS) for prefix in PREFIXES),
]
