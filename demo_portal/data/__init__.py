"""Sample data: a believable company with two years of invoices, and worlds of any size for benchmarks."""
