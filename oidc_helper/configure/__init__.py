"""From a person's answers to settings: what to ask, what the answers mean, and what looking has found out."""
