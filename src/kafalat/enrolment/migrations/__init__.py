"""Database changes of the enrolment room."""
