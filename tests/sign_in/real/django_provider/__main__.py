"""The other OpenID provider of the tests: Django OAuth Toolkit, with the clients of `provider.mjs` and one more.

Prints its issuer and ends with its standard input. Below /-/ a test sees what happened, and makes things go wrong.
"""

import os
import sys
from pathlib import Path
from socketserver import ThreadingMixIn
from tempfile import TemporaryDirectory
from threading import Thread
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from sign_in.real.real_provider import CLIENT, CLIENT_WITHOUT_ID_TOKEN, CONFIDENTIAL_CLIENT, SECRET


class _Server(ThreadingMixIn, WSGIServer):
    """Browsers open connections and do not use them."""

    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - its name in the standard library


def register_clients() -> None:
    """Each receives the browser on any port of the loopback address, RFC 8252 section 7.3."""
    from oauth2_provider.models import Application

    for client, secret in {CLIENT: "", CONFIDENTIAL_CLIENT: SECRET, CLIENT_WITHOUT_ID_TOKEN: ""}.items():
        Application.objects.create(
            name=client,
            client_id=client,
            client_secret=secret,
            hash_client_secret=False,
            client_type="confidential" if secret else "public",
            authorization_grant_type="authorization-code",
            redirect_uris="http://127.0.0.1/oidc-helper/callback",
            algorithm="RS256",
        )


with TemporaryDirectory() as directory:
    os.environ["DATABASE"] = str(Path(directory, "database"))
    os.environ["DJANGO_SETTINGS_MODULE"] = "sign_in.real.django_provider.settings"
    django.setup()
    call_command("migrate", verbosity=0)
    register_clients()
    server = make_server("127.0.0.1", 0, WSGIHandler(), _Server, _Quiet)
    Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    sys.stdin.read()
