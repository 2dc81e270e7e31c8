"""How facts travel: the relay from the store to Kafka and the readers behind it."""
