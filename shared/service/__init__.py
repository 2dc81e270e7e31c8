"""What every service has, whatever it is about: its processes, their roles, its plain routes."""
