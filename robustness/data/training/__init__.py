"""What a victim was trained on, and what of it stands in the data of an audit."""
