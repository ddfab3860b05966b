"""What is done with a run's failures afterwards: replayed, reduced to their fewest edits, judged by another victim."""
