"""Grafana's dashboards are made from this code, so that they never show a number nobody tells."""
