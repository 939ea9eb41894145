"""`python -m oidc_helper` is the console script."""

from oidc_helper.hotpath import main

main()
