"""From what a person may use to profiles for it: listing, names, and the plan for both files."""
