"""Short-lived AWS credentials from proof of who somebody is, through IAM Identity Center."""

__version__ = "0.1.0"
