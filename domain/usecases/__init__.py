"""What people do, one verb each: read, apply the rule, write.

Each use case runs inside the caller's transaction and checks the actor itself.
"""
