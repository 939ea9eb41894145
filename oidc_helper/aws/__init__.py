"""The calls to AWS, what they answer, and what AWS means by a refusal."""
