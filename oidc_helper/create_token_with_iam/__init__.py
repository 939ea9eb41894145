"""`create-token-with-iam`: the raw operation as a command, with every option of version 2 of the AWS CLI.

If it surprises, so does the AWS CLI: people compare the two, and move scripts from one to the other.
"""

from oidc_helper.create_token_with_iam.command import main

__all__ = ["main"]
