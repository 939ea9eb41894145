"""Where records are kept: the kernel keyring, the vault, and the index beside them."""
