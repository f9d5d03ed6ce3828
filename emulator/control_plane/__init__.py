"""The parts of AWS's control plane that describe endpoints and who may call them."""
