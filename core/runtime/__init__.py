"""What runs beside the decisions: processes, ports, files, threads and the clock."""
