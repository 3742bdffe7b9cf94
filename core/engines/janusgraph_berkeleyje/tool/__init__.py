"""Groovy programs that run in a JVM of their own beside JanusGraph's jars; resources, no Python."""
