"""What happened: the durable record of every exchange."""
