"""A container credentials endpoint: credentials from memory, for the SDKs of this machine or container.

It does not know how credentials are fetched.
"""
