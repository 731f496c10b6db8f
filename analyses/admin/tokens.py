from django.contrib import admin
from django.db.models import Q

from analyses.models import ApiToken
from ena.readonly_admin import ReadOnlyAdmin


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """Who may use the API until when. Neither a key nor its hash is shown."""

    joins = ("user",)
    ordering = ("-created_at", "pk")
    list_display = ("name", "prefix", "user", "owner_webin", "scopes", "expires_at", "last_used_at", "revoked_at")
    search_help_text = "The prefix of a token, or a whole user name"
    fields = (
        ("name", "prefix", "scopes"),
        ("user", "owner_webin"),
        ("created_at", "expires_at"),
        ("last_used_at", "revoked_at"),
    )

    def found_by(self, term: str) -> Q:
        return Q(prefix=term) | Q(user__username=term)
