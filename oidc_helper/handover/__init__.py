"""Hand credentials to programs in environment variables: which to set and remove, and how each shell writes them."""
