"""JanusGraph on BerkeleyJE: captured hot from its files, proven and restored in JVMs of our own."""
