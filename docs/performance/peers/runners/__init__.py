"""What runs in the interpreters of the peers: one module each, and the stage they all stand on."""
