"""What the program prints, and how."""
