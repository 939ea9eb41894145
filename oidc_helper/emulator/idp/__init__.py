"""The OpenID provider: it signs people in and issues identity tokens."""
