"""Who serves models and where: addresses, keys and manners. Nothing here knows a wire format or opens a socket to chat."""
