"""The cockpit: what it shows, to whom, and how it looks."""
