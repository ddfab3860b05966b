"""Victims that are programs: asked by lines, kept alive, watched."""
