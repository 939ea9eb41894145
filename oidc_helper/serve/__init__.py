"""A container credentials endpoint: credentials from memory, for the SDKs of this machine or container.

Nothing is known here of how credentials are fetched.
"""
