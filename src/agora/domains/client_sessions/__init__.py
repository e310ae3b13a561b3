"""Sessions of clients with stateful protocols, stored so that any server can continue them."""
