"""Language: word forms, synonyms, neighbours, where words begin and end, which language a text is written in."""
