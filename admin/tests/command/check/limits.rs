//! How many requests run at the same time, and how often a server is asked.
