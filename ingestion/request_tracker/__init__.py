"""Request Tracker 5: tickets and what happened to them, over REST 2."""
