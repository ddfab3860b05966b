"""Rewrites of a sentence over its dependency tree; the tree comes from a parser that answers requests (role ``parser``)."""
