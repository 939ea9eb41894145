"""The ways for a person to sign in, at an OpenID provider or at Identity Center."""
