"""The ways in which a person signs in, at an OpenID provider or at Identity Center."""
