"""The only code that opens sockets to providers: an HTTP/1.1 client of our own. It knows nothing of dialects, models or keys."""
