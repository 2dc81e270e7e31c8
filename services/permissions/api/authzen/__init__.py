"""OpenID AuthZEN Authorization API 1.0: any program asks who may do what, in a standard's words."""
