"""From a person's answers to settings: which questions to ask, what the answers mean, and what can be looked up."""
