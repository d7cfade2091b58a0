"""What can be asked and answered, in our own words. Plain structs, no I/O, no wire format."""
