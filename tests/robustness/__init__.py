"""Harnesses that try to make oidc-helper lose or reveal something: `python -m robustness`."""
