"""redshift_connector: the token with which its plug-in logs a person in, got with the profile's credentials."""

from redshift_connector.plugin.idp_token_auth_plugin import IdpTokenAuthPlugin
from redshift_connector.redshift_property import RedshiftProperty

info = RedshiftProperty()
info.host, info.region, info.cluster_identifier = "cluster.example.com", "eu-west-1", "reports"
plugin = IdpTokenAuthPlugin()
plugin.add_parameter(info)
print(plugin.get_credentials().access_token)
