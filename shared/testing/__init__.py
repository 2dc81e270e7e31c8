"""What the tests of every service stand on: a clock to turn, waiting with a deadline, sign-in."""
