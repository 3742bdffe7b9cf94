"""One file or folder per kind of database, all the same shape: how it is captured, proven and brought up."""
