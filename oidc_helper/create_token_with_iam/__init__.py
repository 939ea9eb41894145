"""`create-token-with-iam`: the raw operation as a command, option for option that of the AWS CLI's version 2.

Where it surprises, the AWS CLI does so too: people compare the two, and move scripts from one to the other.
"""

from oidc_helper.create_token_with_iam.command import main

__all__ = ["main"]
