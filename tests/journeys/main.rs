//! Journeys over real processes.
