"""The pages of the site, and what Django OAuth Toolkit leaves to a site: its people, and what it tells of them."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, JsonResponse
from django.urls import include, path
from oauth2_provider.models import RefreshToken
from oauth2_provider.oauth2_validators import OAuth2Validator
from sign_in.real.real_provider import CLIENT_WITHOUT_ID_TOKEN


class AnyPassword(ModelBackend):
    """Everybody with an email address is a user."""

    def authenticate(self, request: HttpRequest, username: str, password: str) -> Any:
        return User.objects.get_or_create(username=username, email=username)[0]


class Validator(OAuth2Validator):
    """The ID tokens, which one client does not get at a refresh: OpenID Connect Core section 12.2 allows that."""

    def get_additional_claims(self, request: Any) -> dict[str, Any]:
        return {"email": request.user.email, "email_verified": True}

    def refresh_id_token(self, request: Any) -> bool:
        return bool(request.client.client_id != CLIENT_WITHOUT_ID_TOKEN)


def events(request: HttpRequest) -> JsonResponse:
    """What became of refresh tokens, in the words of `provider.mjs`."""
    tokens = list(RefreshToken.objects.order_by("id"))
    saved = [{"name": "refresh_token.saved", "token": one.token} for one in tokens]
    consumed = [{"name": "refresh_token.consumed", "token": one.token} for one in tokens if one.revoked]
    return JsonResponse(saved + consumed, safe=False)


def end_sessions(request: HttpRequest) -> JsonResponse:
    """Revoke all refresh tokens."""
    for token in RefreshToken.objects.filter(revoked=None):
        token.revoke()
    return JsonResponse(None, safe=False)


urlpatterns = [
    path("", include("oauth2_provider.urls", namespace="oauth2_provider")),
    path("login", LoginView.as_view(template_name="login.html")),
    path("-/events", events),
    path("-/grants", end_sessions),
]
