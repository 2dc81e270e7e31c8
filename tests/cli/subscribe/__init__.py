"""What `daybook subscribe new` writes runs, and survives what a consumer must survive."""
