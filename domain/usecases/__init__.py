"""What people do, one verb each: read, ask the rule, write. Each runs inside the caller's transaction and checks the actor itself."""
