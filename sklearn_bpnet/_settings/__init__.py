"""From what the user wrote to what trains: constraints, plan, architecture, penalty."""
