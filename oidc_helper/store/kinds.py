"""The kinds of records, as they stand in the names of entries."""

CREDENTIALS, TOKENS, SIGN_IN = "credentials", "tokens", "sign-in"
