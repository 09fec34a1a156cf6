"""What every Venture process shares."""
