"""What users may have of their objects, and what each of it takes."""
