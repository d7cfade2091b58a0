"""What is on offer: models, their endpoints and prices, as facts. Knows no wire format, no key and no socket."""
