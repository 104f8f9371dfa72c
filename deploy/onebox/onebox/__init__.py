"""Everything real on one machine, started by one command."""
