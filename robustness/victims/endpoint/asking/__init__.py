"""Endpoints as victims: where they are, how they are asked, what they were found to do, how their labels are scored."""
