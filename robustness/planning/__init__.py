"""What a run is made of, what it will cost, and what has to be checked before and doubted after."""
