"""Files of customers come in: read, understood, checked, and each row told what became of it."""
