"""CloudFormation's registry: the schemas of the types that an account has in a region, private ones included."""
