"""The ground that tests stand on: servers, broker, a whole service in this process, processes."""
