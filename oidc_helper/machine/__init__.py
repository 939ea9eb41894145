"""What the operating system gives: files, locks, time, children, TLS."""
