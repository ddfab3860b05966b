"""What keeps an audit apart from the rest: no network under ``--offline``, a victim in a process of its own."""
