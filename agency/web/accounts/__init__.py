"""Signing in, by allauth: accounts are made by invitation, never by signing up."""
