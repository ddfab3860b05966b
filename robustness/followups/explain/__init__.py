"""Why a victim failed, and what would help: which words it leaned on, and which repairs of the text make it right again."""
