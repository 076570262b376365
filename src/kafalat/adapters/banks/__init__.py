"""What differs from one bank to another, and a simulated bank for the demo."""
