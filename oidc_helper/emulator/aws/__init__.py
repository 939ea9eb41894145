"""The AWS services: Identity Center, its portal, STS and S3 Access Grants, as their service models describe them."""
