"""What every process does besides its work: logs, signals, probes, and an end within bounds.

`jobs` runs what works once and ends, `running` what stays until it is told to stop. They are apart
because a Job must not import an HTTP server.
"""
