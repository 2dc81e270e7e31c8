"""A team that wants our events gets a consumer that runs, and owns every line of it."""
