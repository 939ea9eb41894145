"""From a person's answers to settings: what to ask, what the answers mean, and what has been found out by looking."""
