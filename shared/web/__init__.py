"""What every HTTP api of Daybook has in common, and the only way to add a route to one."""
