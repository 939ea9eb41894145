"""Loads the modules and models that cost a command most of its time, for a process that forks for each command."""

from importlib import import_module

_MODULES = (
    *("botocore.session", "keyring.core", "keyring.backends.chainer", "rich.table"),
    *("oidc_helper.fetch.broker", "oidc_helper.cli.main", "oidc_helper.cli.credentials"),
    *("oidc_helper.cli.person", "oidc_helper.cli.session", "oidc_helper.cli.status", "oidc_helper.hotpath"),
    *("oidc_helper.emulator.temporary_keyring", "oidc_helper.sign_in.loopback", "oidc_helper.person.browser"),
    *("oidc_helper.cli.doctor", "oidc_helper.doctor", "oidc_helper.oidc.provider", "oidc_helper.settings.writing"),
    *("oidc_helper.sign_in.provider", "oidc_helper.fetch.sign_out", "oidc_helper.store.vault"),
)


def preload() -> None:
    """Import the modules, and read the models of AWS's services."""
    for module in _MODULES:
        import_module(module)
    from botocore.loaders import Loader

    from oidc_helper.aws import client

    models = client._Models([Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
    client._Models = lambda *_, **__: models  # type: ignore[assignment, misc]
    session = import_module("botocore.session").Session()
    session.register_component("data_loader", models)
    for service in ("sts", "sso", "sso-oidc", "s3control"):
        session.create_client(service, region_name="eu-west-1", aws_access_key_id="none", aws_secret_access_key="none")
