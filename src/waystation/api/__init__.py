"""The gateway's face: the data plane by exact path, and behind it the control plane with its framework."""
