"""SCIM: what an identity provider may ask, and what follows."""
