"""How the deployments do, beyond what traffic says: small calls, and AWS's word on endpoints."""
