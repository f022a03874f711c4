"""Cloud Control for every resource type, without AWS."""
