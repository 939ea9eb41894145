"""Showing a person something, and asking: terminal, browser, QR code."""
