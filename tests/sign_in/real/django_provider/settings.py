"""The settings of the site."""

import os

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

_SITE = "sign_in.real.django_provider.site"
_KEY = generate_private_key(public_exponent=65_537, key_size=2048)
_LOGIN_PAGE = "<form method=post>{% csrf_token %}{{ form }}<button>Continue</button></form>"
_WEEK_S = 7 * 86_400  # tests move the clocks of all others

ALLOWED_HOSTS = ["127.0.0.1"]
AUTHENTICATION_BACKENDS = [f"{_SITE}.AnyPassword"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["DATABASE"]}}
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "oauth2_provider"]
LOGIN_URL = "/login"
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
OAUTH2_PROVIDER = {
    "ACCESS_TOKEN_EXPIRE_SECONDS": 600,
    "ID_TOKEN_EXPIRE_SECONDS": _WEEK_S,
    "OAUTH2_VALIDATOR_CLASS": f"{_SITE}.Validator",
    "OIDC_ENABLED": True,
    "OIDC_RSA_PRIVATE_KEY": _KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    "SCOPES": {"openid": "your name", "email": "your email address", "offline_access": "until you log out"},
}
ROOT_URLCONF = _SITE
SECRET_KEY = os.urandom(16).hex()
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "loaders": [
                ("django.template.loaders.locmem.Loader", {"login.html": _LOGIN_PAGE}),
                "django.template.loaders.app_directories.Loader",
            ],
        },
    }
]
USE_TZ = True
