"""The OpenID provider: who somebody is, said in signed tokens."""
