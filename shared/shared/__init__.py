"""What at least two of Tierdesk's services need and none of them owns."""
