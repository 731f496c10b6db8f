from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm

from analyses.admin.dialogs import ActingAdmin, dialog
from analyses.models import ApiToken
from analyses.services.issue_api_token import revoke_api_tokens

REVOKE = dialog("Revoke", "Whatever uses this key is a stranger from now on, for good.")


@admin.register(ApiToken)
class ApiTokenAdmin(ActingAdmin):
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
    actions_detail = ("revoke",)

    def found_by(self, term: str) -> Q:
        return Q(prefix=term) | Q(user__username=term)

    def has_buttons(self, token: ApiToken) -> bool:
        return token.revoked_at is None

    @action(description="Revoke", permissions=["act"], variant=ActionVariant.DANGER, dialog=REVOKE)
    def revoke(self, request: HttpRequest, _form: BaseDialogForm, object_id: str) -> HttpResponse:
        token = self.row_of(request, object_id)
        revoked = ApiToken.objects.filter(pk=token.pk)
        return self.carry_out(request, token, lambda: revoke_api_tokens(tokens=revoked), "Revoked")
