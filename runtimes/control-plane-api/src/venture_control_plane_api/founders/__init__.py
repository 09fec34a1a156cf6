"""Founders' API: the objects of the cluster for people who signed in, under their own rights."""
