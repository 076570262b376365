"""Values and pure rules: money, identifiers, dates, bilingual text, problems. No database, clock or randomness."""
