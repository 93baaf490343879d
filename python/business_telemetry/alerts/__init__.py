"""What the last day brought, sent once to where people read it."""
