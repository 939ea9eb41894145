"""Harnesses that look for what is lost, and for who is let in: `python -m robustness`."""
