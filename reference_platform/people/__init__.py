"""Who may log in, what each may do, and the record of what was done."""
