"""Where state is kept: the stores of the lower layers, over one database. Only `app` chooses among them."""
