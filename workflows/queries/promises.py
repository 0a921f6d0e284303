"""What is promised for a mention: the policy that matched and why, the target, and the hours that it runs in."""
