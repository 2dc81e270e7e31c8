"""How processes reach PostgreSQL: who they are there, how they connect, how tables come to be."""
