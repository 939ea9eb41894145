"""The command line: arguments, wiring and rendering; no logic."""
