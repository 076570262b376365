"""What banks and the treasury say, beside what we know: answers, open lines, three sides, returned and idle money."""
