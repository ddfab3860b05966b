"""Tables that some recipes bring along: what they measured beside the rates that every recipe has. One file per kind."""
