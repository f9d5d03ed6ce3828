"""Everything that touches AWS: settings, credentials, signing, calls, event streams, its errors.

The rest of the adapters never names AWS. Import the module that is needed: the package itself loads
nothing.
"""
