"""From what a person may use to profiles of it: listing, names, and the plan for both files."""
