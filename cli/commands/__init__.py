"""What each verb does: one function a verb, arguments in, exit code out."""
