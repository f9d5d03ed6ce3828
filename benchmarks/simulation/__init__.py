"""What strategies, shared knowledge and limits do at a size that no test can run: by simulation.

Everything is made from a seed, and imports nothing of the gateway: strategies and rules are told
here once more, in a few lines each, so that figures can be read beside them.
"""
