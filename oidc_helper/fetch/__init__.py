"""One fetch, in the order of the design, and what it keeps of tokens and sign-ins."""
