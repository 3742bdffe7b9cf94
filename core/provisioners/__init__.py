"""Where restored instances run."""
