"""The books: postings, reads, and the invariants that prove them."""
