"""Takes issues in, keeps what was accepted, and shows the customer the truth."""
