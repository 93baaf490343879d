"""A synthetic shop: event logs in the source format, with a ground truth of everything planted in them."""
