"""What a process tells about itself: logs, traces and the names that both use."""
