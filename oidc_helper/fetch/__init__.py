"""One fetch, in the order of the design, and the tokens and sign-ins that it keeps."""
