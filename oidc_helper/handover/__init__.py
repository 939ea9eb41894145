"""Credentials for programs that read variables: which are set and removed, and how each shell writes them."""
