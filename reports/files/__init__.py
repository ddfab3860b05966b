"""Files and texts on disk: replaced in one step, locked, exact to the last character, and cleared of secrets."""
