"""The services of the operating system: files, locks, time, child processes, the network, TLS."""
