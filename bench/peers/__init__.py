"""The mail servers that bench/compare.py measures, one file each, all with the shape of base.Peer."""
