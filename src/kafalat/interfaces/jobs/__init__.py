"""Work that outlives the page it was started from: queued in the database, run by a worker, followed and cancelled on a page."""
