"""Live figures of the customers service, made of its topic by Faust: approximate by nature."""
