"""How raw rows and cells become answers and references: labels, scores, spans, texts compared word by word."""
