"""Attacks: perturb text under constraints, asking models through typed requests and never holding one."""
