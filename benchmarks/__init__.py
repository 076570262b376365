"""Re-runnable measurements of speed and memory; results are committed as a table with machine and commit."""
