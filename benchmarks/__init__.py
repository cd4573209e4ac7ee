"""What the app costs and how fast it is, measured beside others: ``python -m benchmarks`` (``make bench``).

Belongs here: small honest scripts, each measured in a process of its own. Does not: anything the app imports.
"""
