"""The same answers for less work, for encoders: packed layers, no padding. Nothing else knows these files."""
