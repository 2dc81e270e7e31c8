"""What every service has, whatever it is about."""
