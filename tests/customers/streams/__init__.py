"""Live activity, by a Faust worker: nothing missing, and what counts twice is stated."""
